// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Delays the answers to reloads and changes of services until all changes are in force: their
// writers open log files again, and the jobs' threads apply changed [resources]. Both may wait for
// a device, so an answer waits for at most kMostWait.
//
// Call everything here on the control loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "io/watcher.hpp"

namespace zinit {

class InForce {
 public:
  /// `is` returns whether all changes so far are in force, and whether the log files of the ticket
  /// (LogStore::reopen_files()) are open again.
  InForce(EventLoop& loop, std::function<bool(std::uint64_t ticket)> is)
      : is_(std::move(is)), late_(loop, [this] { look(); }) {}

  /// Calls `answer` when all changes are in force, perhaps at once.
  void wait(std::uint64_t ticket, std::function<void()> answer);

  /// Call it when changes may have come into force.
  void look();

  /// As long as lines wait for a file that cannot be written (FileSink::kPatience).
  static constexpr Milliseconds kMostWait{5000};

 private:
  struct Waiting {
    std::uint64_t ticket;
    TimePoint until;
    std::function<void()> answer;
  };

  const std::function<bool(std::uint64_t ticket)> is_;
  std::vector<Waiting> waiting_;  // in the order of their deadlines
  TimerWatcher late_;
};

}  // namespace zinit
