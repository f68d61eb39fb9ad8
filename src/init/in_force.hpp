// Answers to reloads and changes of services that wait until all that was changed is in force: log
// files are opened anew by their writers, and changed [resources] are applied by the threads of
// jobs. Either may wait for a device, so an answer waits for kMostWait at most.
//
// Everything here is called on the control loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "io/watcher.hpp"

namespace zinit {

class InForce {
 public:
  /// `is` tells whether all changes until now are in force, and the log files of a ticket
  /// (LogStore::reopen_files()) opened anew.
  InForce(EventLoop& loop, std::function<bool(std::uint64_t ticket)> is)
      : is_(std::move(is)), late_(loop, [this] { look(); }) {}

  /// Calls `answer` when it is so, perhaps at once.
  void wait(std::uint64_t ticket, std::function<void()> answer);

  /// To be called when it may have become so.
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
