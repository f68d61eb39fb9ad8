// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The runs of commands beside main processes (side_commands.hpp): stop_exec in place of the stop
// signal, reload_exec for a reload of one service, ready_exec once the service is ready, and exec
// of [health]. CheckRounds has the results of check_exec, ConditionChecks those of conditions.
//
// Threads: the board's lock guards all of it.
#pragma once

#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

class BoardCore;

class SideRuns {
 public:
  explicit SideRuns(BoardCore& core) : core_(core) {}
  SideRuns& operator=(SideRuns&&) = delete;

  /// Orders a probe of a main process. If none is possible now, the process has its result at once.
  void order_probe(const CheckedProcessPtr& process) REQUIRES(board_lock);
  /// The launch of a side command is over. `early`: its process has ended meanwhile; null: no.
  void launched(Job& job, const LaunchOrder& order, const Launch& launch,
                const LaunchUnderWay::EarlyEnd* early) REQUIRES(board_lock);
  /// Its process has ended.
  void ended(Job& job, SideCommand& side, const ProcessEnd& end, Remains remains)
      REQUIRES(board_lock);
  /// Ends a side command when a stop begins: kills it, or drops its order if no launch has begun.
  void end(Job& job, SideCommand& side) REQUIRES(board_lock);
  /// The main process `pid` has ended: drops the orders of commands for it that have not begun.
  void main_ended(Job& job, pid_t pid) REQUIRES(board_lock);
  /// Orders the reload_exec, for the main process.
  void order_reload(Job& job) REQUIRES(board_lock);
  /// Begins the time limit of a reload.
  void limit_reload(Job& job) REQUIRES(board_lock);
  /// Kills side commands whose time is over.
  void look_at(Job& job) REQUIRES(board_lock);

 private:
  [[nodiscard]] bool is_owed_to_oneshot(const Job& job, const SideCommand& side) const
      REQUIRES(board_lock);
  void started(Job& job, SideCommand& side, const LaunchOrder& order) REQUIRES(board_lock);
  void reload_late(Job& job) REQUIRES(board_lock);
  void over(Job& job, SideCommand& side, const std::string& fault) REQUIRES(board_lock);
  /// Reports the probe's result to the watcher that ordered it, unless it has a result already.
  void probe_over(Job& job, Error fault) REQUIRES(board_lock);

  BoardCore& core_;
};

}  // namespace zinit
