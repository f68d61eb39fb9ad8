// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Variables and file descriptors that a main process gets besides those of its service file.
// Several parts of zinit add to them, each without knowledge of the others.
//
// Descriptors for LISTEN_FDS get their numbers when all parts have added theirs. Two descriptors
// that ask for one number fail the spawn.
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

/// What a watcher keeps for a process, from before its spawn until it is no longer watched.
struct SpawnPart {
  virtual ~SpawnPart() = default;
  SpawnPart& operator=(SpawnPart&&) = delete;
};

/// Filled by WatchPort::prepare() before each spawn. The part that adds a descriptor owns it, and
/// must keep it open until the spawn is over, usually in a SpawnPart.
struct SpawnExtras {
  struct ListenFd {
    int fd;
    std::string name;
  };

  std::optional<uid_t> user;  // runs the process; set before prepare()

  /// For WatchPort::take_over(): when the process was spawned, and the main process; 0: unknown.
  std::optional<TimePoint> spawned_at;
  pid_t main_pid = 0;

  std::vector<std::string> environment;    // KEY=value
  std::vector<std::string> pid_variables;  // variables whose value is the pid of the process
  std::vector<PassedFd> passed;            // each at its requested number
  std::vector<ListenFd> listen_fds;        // numbered from 3 on, as in sd_listen_fds(3)
  int stream = -1;                         // becomes its standard input and output; -1: none
  bool retried = false;  // prepare() failed, and the service is started when it would succeed
  std::vector<std::shared_ptr<SpawnPart>> parts;

  /// The part of this type; null: none.
  template <class Part>
  [[nodiscard]] std::shared_ptr<Part> part() const {
    for (const auto& each : parts)
      if (auto found = std::dynamic_pointer_cast<Part>(each)) return found;
    return nullptr;
  }

  /// Adds everything to `plan`. Variables replace those of the same name in the plan.
  /// @return  EINVAL if two descriptors ask for the same number, or one for a number that
  ///          listen_fds need
  [[nodiscard]] Result<void> add_to(SpawnPlan& plan) const;
};

using SpawnExtrasPtr = std::shared_ptr<SpawnExtras>;

}  // namespace zinit
