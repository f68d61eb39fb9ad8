// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The directory of this zinit's notify sockets. Its name is zinit's pid, and it lies in a directory
// that all instances of zinit on the machine share. Each socket's name is a number that is never
// reused: the socket of a process is removed a moment after the process's end, and by then the
// service's next process may already have its own socket.
//
// zinit also removes what killed instances left: empty directories, and sockets that no process has
// open. It finds such sockets by connect(2) and not by pid: a pid may have been reused, or belong
// to another pid namespace.
#pragma once

#include <cstdint>
#include <string>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "io/notify_socket.hpp"

namespace zinit {

class NotifyDirectory {
 public:
  /// The directory lies in `shared`. Making the first socket makes both. If `shared` is empty,
  /// add_socket() fails.
  explicit NotifyDirectory(std::string shared);
  /// Calls remove().
  ~NotifyDirectory() { remove(); }
  NotifyDirectory& operator=(NotifyDirectory&&) = delete;

  /// Makes a new socket. Any thread. May block on the file system.
  [[nodiscard]] Result<NotifySocket> add_socket(std::optional<uid_t> user);

  /// Removes the directory, unless it contains sockets. Any thread. May block on the file system.
  void remove() noexcept;

 private:
  [[nodiscard]] Result<void> make() REQUIRES(mutex_);

  const std::string shared_;
  const std::string own_;

  Mutex mutex_;  // a leaf of the lock order
  bool made_ GUARDED_BY(mutex_) = false;
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace zinit
