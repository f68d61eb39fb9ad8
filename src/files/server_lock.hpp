// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds out which server runs a set of service files. Two servers with the same files would run
// each service twice, and a service whose server was killed goes on without it.
//
// Each server other than PID 1 holds a lock for its service directories, on a small file in the
// user's runtime directory. The kernel releases the lock when the process ends, however it ends.
// After a kill the file stays, so that the next server finds the services left behind.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "config/modes.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

class ServerLock {
 public:
  /// The facts that a server notes about itself.
  struct Note {
    pid_t pid = 0;                // 0: there was no server, or it ended normally
    std::string socket;           // its control socket
    std::string cgroup;           // its base, as in /proc/PID/cgroup; empty: it had no cgroups
    std::uint64_t cgroup_id = 0;  // of that base; 0: unknown
  };

  /// Holds no lock.
  ServerLock() = default;
  /// Takes the lock for the directories of `places`, and reads the note of a previous server that
  /// was killed. Removes files of servers whose directories are gone.
  /// @return  EADDRINUSE, with advice in the text, if a living server of this user has the lock.
  ///          Other errors are those of making the file.
  /// Touches the file system. (flock(2))
  [[nodiscard]] static Result<ServerLock> take(const Places& places);
  /// Continues with the lock of the previous process image, if it had one.
  [[nodiscard]] static ServerLock take_over(KeptFd file, const Places& places);

  [[nodiscard]] bool held() const noexcept { return bool(file_); }
  /// A name for the set of files, the same for each server that runs the set.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// The note of a killed server. Empty if its base is gone and another server has one of the name.
  [[nodiscard]] const Note& before() const noexcept { return before_; }

  /// The path for the server's journal (state/journal.hpp), which the next server reads if this one
  /// is killed. Empty if no lock is held.
  [[nodiscard]] std::string journal() const;

  /// Leaves a note for the next server, in case this one is killed.
  [[nodiscard]] Result<void> note(const Note& own);
  /// Removes the file, and the journal. Call it if nothing is left that this server has started.
  void remove() noexcept;

 private:
  /// Does not take the lock yet.
  ServerLock(const Places& places, const std::string& directory);

  KeptFd file_;
  std::string directories_;  // as the file lists them
  std::string id_;
  std::string path_;
  Note before_;
  bool made_directory_ = false;  // by take(); remove() removes it, too
};

}  // namespace zinit
