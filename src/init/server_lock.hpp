// Which server runs a set of service files: two that run the same ones would run each service
// twice, and a service whose server was killed goes on without it.
//
// Each server beside PID 1 holds a lock for the directories of its services, on a small file in the
// user's runtime directory. The kernel releases the lock when the process ends, however that
// happens. The file stays then, with what its successor needs to find the services that were left.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.hpp"
#include "config/modes.hpp"
#include "os/kept_descriptors.hpp"

namespace zinit {

class ServerLock {
 public:
  /// What a server has noted of itself.
  struct Note {
    pid_t pid = 0;       // 0: there was no server, or it has ended well
    std::string socket;  // that it answers at
    std::string cgroup;  // its base, as /proc/PID/cgroup has it; empty: it had no cgroups
  };

  /// No lock.
  ServerLock() = default;
  /// Takes the lock for the directories of `places`, and reads what a server before has noted there
  /// if it was killed. Removes what is left of servers whose directories are gone.
  /// @return  EADDRINUSE, with a text that says what to do, if a living server of this user has it.
  ///          Other errors are those of making the file.
  /// Touches the file system. (flock(2))
  [[nodiscard]] static Result<ServerLock> take(const Places& places);
  /// Goes on with the lock of the previous process image, if it had one.
  [[nodiscard]] static ServerLock take_over(KeptFd file, const Places& places);

  [[nodiscard]] bool held() const noexcept { return bool(file_); }
  /// A name for the set of files, the same for each server that runs it.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }
  /// What a killed server has noted.
  [[nodiscard]] const Note& before() const noexcept { return before_; }

  /// Notes it for a server that comes after this one has been killed.
  [[nodiscard]] Result<void> note(const Note& own);
  /// Removes the file: nothing is left of what this server has started.
  void remove() noexcept;

 private:
  /// Not locked yet.
  ServerLock(const Places& places, const std::string& directory);

  KeptFd file_;
  std::string directories_;  // as they stand in the file
  std::string id_;
  std::string path_;
  Note before_;
  bool made_directory_ = false;  // by take(): it goes with the file
};

}  // namespace zinit
