// Variables and file descriptors that a main process gets in addition to those of its service file.
// Several parts of zinit add to them, each without knowledge of the others.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "os/spawn.hpp"

namespace zinit {

/// What a watcher keeps for a process from before its spawn until the process is no longer watched.
struct SpawnPart {
  SpawnPart() = default;
  virtual ~SpawnPart() = default;
  SpawnPart(const SpawnPart&) = delete;
  SpawnPart& operator=(const SpawnPart&) = delete;
};

/// Filled by WatchPort::prepare() before each spawn. Whoever adds a descriptor owns it, and must
/// keep it open until the spawn is over, usually in a SpawnPart.
struct SpawnExtras {
  struct ListenFd {
    int fd;
    std::string name;
  };

  std::optional<uid_t> user;  // that the process is run as; set before, and not from prepare()

  /// For WatchPort::take_over(): when the process was spawned.
  std::optional<TimePoint> spawned_at;

  std::vector<std::string> environment;    // KEY=value
  std::vector<std::string> pid_variables;  // variables whose value is the pid of the process
  std::vector<PassedFd> passed;            // each at the number that it asks for
  std::vector<ListenFd> listen_fds;        // numbered from 3 on, as sd_listen_fds(3) has it
  int stream = -1;                         // to be its standard input and output; -1: none
  std::vector<std::shared_ptr<SpawnPart>> parts;

  /// The part of this type; null if there is none.
  template <class Part>
  [[nodiscard]] std::shared_ptr<Part> part() const {
    for (const auto& each : parts)
      if (auto found = std::dynamic_pointer_cast<Part>(each)) return found;
    return nullptr;
  }

  /// Adds all of it to `plan`. Its variables replace those of the same name in the plan.
  /// @return  EINVAL if two descriptors ask for the same number, or if one asks for a number that
  ///          listen_fds need.
  [[nodiscard]] Result<void> add_to(SpawnPlan& plan) const;
};

using SpawnExtrasPtr = std::shared_ptr<SpawnExtras>;

}  // namespace zinit
