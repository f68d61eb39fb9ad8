// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks of the conditions of services that are about to start; condition_checks.cpp describes
// them.
//
// Threads: the board's lock guards all of it.
#pragma once

#include <string>

#include "model/decide.hpp"
#include "model/why.hpp"
#include "state/slot_facts.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

class BoardCore;

class ConditionChecks {
 public:
  explicit ConditionChecks(BoardCore& core) : core_(core) {}
  ConditionChecks& operator=(ConditionChecks&&) = delete;

  /// Whether the launch of `row` must wait for conditions.
  [[nodiscard]] bool awaited(const Job& job, const Row& row) const REQUIRES(board_lock);
  /// Whether a service whose conditions are being checked would still be launched now.
  [[nodiscard]] bool still_to_start(const Job& job) REQUIRES(board_lock);
  /// Kills exec of [condition] if its result no longer matters because there will be no start.
  void end_unwanted(Job& job) REQUIRES(board_lock);
  /// A reload has changed the conditions: the results of the present check do not count.
  void changed(Job& job) REQUIRES(board_lock);
  /// The launch that checks the conditions is over, except for the command that it has begun.
  void launched(Job& job, const LaunchOrder& order, Launch& launch,
                const LaunchUnderWay::EarlyEnd* early) REQUIRES(board_lock);
  /// The main process of the command has ended.
  void ended(Job& job, const ProcessEnd& end) REQUIRES(board_lock);
  /// The command took too long; or it was killed and some of it still exists. That rest is not
  /// waited for any longer: it may hang where SIGKILL does not reach it.
  void late(Job& job) REQUIRES(board_lock);
  /// Looks whether the whole command has gone. Once it has, the launch goes on.
  void look_at(Job& job) REQUIRES(board_lock);
  /// Adds the state of each condition, if the service was not started because of a condition.
  void tell(Slot slot, WhyReport& report) const REQUIRES(board_lock);

  /// Takes the results of the last start over from the previous process image.
  void restore(Slot slot, const FactMap& kept) REQUIRES(board_lock);
  /// Kills a command left by the previous process image. The launch is made again, so its
  /// conditions are checked again, but only after the old command has gone: a new process in its
  /// cgroup might be killed with it.
  void end_left(Job& job) REQUIRES(board_lock);

 private:
  void command_over(Job& job, bool told, bool good, const std::string& remark) REQUIRES(board_lock);
  void result_found(Job& job) REQUIRES(board_lock);
  void over(Job& job, const LaunchOutcome& outcome) REQUIRES(board_lock);
  void keep(const Job& job) REQUIRES(board_lock);

  BoardCore& core_;
};

}  // namespace zinit
