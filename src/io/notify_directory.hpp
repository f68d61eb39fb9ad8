// The directory of this zinit's notify sockets: one of its own, named by its pid, below one that
// all zinits of the machine share. Each socket has a number that no other has had, for that of a
// process that has ended is removed a moment later, when the next of its service may have its own.
//
// What a zinit leaves that was killed is removed by the next that makes its directory: sockets that
// nobody has open, as the kernel says who is asked to connect to them, and directories without any.
// That holds whatever pid namespace the other is in, and whether its pid is another's by now.
#pragma once

#include <cstdint>
#include <string>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "io/notify_socket.hpp"

namespace zinit {

class NotifyDirectory {
 public:
  /// Below `shared`, which is made when a socket is needed. Empty: there is no place for sockets.
  explicit NotifyDirectory(std::string shared);
  /// Removes it, unless sockets in it are open still.
  ~NotifyDirectory();
  NotifyDirectory(const NotifyDirectory&) = delete;
  NotifyDirectory& operator=(const NotifyDirectory&) = delete;

  /// A new one in it. Any thread; reads and writes directories. Fails where the file system does
  /// not let it.
  [[nodiscard]] Result<NotifySocket> add_socket();

 private:
  [[nodiscard]] Result<void> make() REQUIRES(mutex_);

  const std::string shared_;
  const std::string own_;

  Mutex mutex_;  // a leaf
  bool made_ GUARDED_BY(mutex_) = false;
  std::uint64_t last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace zinit
