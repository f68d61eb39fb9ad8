// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The janitor of a board: a thread for slow work that belongs to no job. It writes the log lines
// that were queued under the lock, removes cgroups, drops removed services from the graph, and does
// what the JobScheduler wants done at a time or for jobs without a thread.
//
// Threads: the board's lock guards all of it, except for start() and end().
#pragma once

#include <list>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"
#include "os/thread.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/log_writer.hpp"
#include "supervisor/service_cgroup.hpp"

namespace zinit {

class BoardCore;

class Janitor {
 public:
  explicit Janitor(BoardCore& core) : core_(core) {}
  Janitor& operator=(Janitor&&) = delete;

  /// Starts the thread, unless it runs.
  /// @return  why it cannot be started; the next call tries again
  [[nodiscard]] Result<void> start();
  /// Ends the thread once the last log lines are written.
  void end() EXCLUDES(board_lock);

  /// Queues a line for zinit's log.
  void say(LogLevel level, std::string line) REQUIRES(board_lock);
  /// Queues a line for the log of the service in `slot` alone.
  void note(Slot slot, std::string line) REQUIRES(board_lock);
  /// Makes the thread drop removed services that have nothing left from the graph.
  void sweep() REQUIRES(board_lock);
  /// Makes the thread read the processes for the jobs with Job::sees_group, and for groups that do
  /// not empty.
  void see_groups() REQUIRES(board_lock);
  /// Makes the thread remove the empty cgroup of a service. What it cannot remove is removed when
  /// zinit ends.
  void remove_cgroup(std::string name) REQUIRES(board_lock);
  /// Makes the thread send the rest of a signal.
  void go_on_with(CgroupSignal signal) REQUIRES(board_lock);
  /// Wakes the thread if it would sleep beyond `at`.
  void wake_by(TimePoint at) REQUIRES(board_lock);
  void wake() REQUIRES(board_lock);

  /// Whether the thread must be notified; the answer is given once. The board asks this before it
  /// releases its lock, and calls notify() afterwards: see BoardCore::let_go().
  [[nodiscard]] bool take_wake() REQUIRES(board_lock);
  void notify() noexcept { wake_.notify_one(); }

  /// Whether all queued lines were written.
  [[nodiscard]] bool log_empty() const REQUIRES(board_lock) { return !writes_ && log_.empty(); }
  [[nodiscard]] bool signals() const REQUIRES(board_lock) { return !to_signal_.empty(); }
  /// Whether the thread sleeps beyond `now`.
  [[nodiscard]] bool sleeps_after(TimePoint now) const REQUIRES(board_lock) { return until_ > now; }

 private:
  void run() noexcept EXCLUDES(board_lock);
  [[nodiscard]] bool round() REQUIRES(board_lock);
  [[nodiscard]] bool rests() const REQUIRES(board_lock);
  void rest() REQUIRES(board_lock);
  void drop_removed() REQUIRES(board_lock);
  void forget_zombies() REQUIRES(board_lock);
  void remove_cgroups() REQUIRES(board_lock);
  void go_on_signalling() REQUIRES(board_lock);

  BoardCore& core_;
  CondVar wake_;
  CondVar pause_;                             // ends its pause for gathering lines (kGather)
  TimePoint until_ GUARDED_BY(board_lock){};  // asleep until then; the epoch: awake
  bool wakes_ GUARDED_BY(board_lock) = false;
  bool writes_ GUARDED_BY(board_lock) = false;  // lines that were taken from `log_`
  bool gathers_ GUARDED_BY(board_lock) = false;
  bool sweeps_ GUARDED_BY(board_lock) = false;
  bool sees_groups_ GUARDED_BY(board_lock) = false;
  std::vector<std::string> unused_cgroups_ GUARDED_BY(board_lock);
  std::list<CgroupSignal> to_signal_ GUARDED_BY(board_lock);  // oldest first
  LogWriter log_ GUARDED_BY(board_lock);
  Thread thread_;
};

}  // namespace zinit
