// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The launches of a board: the orders for steps, their results, and the removal of runtime
// directories. launches.cpp describes the stages of a launch.
//
// Threads: the board's lock guards all of it, except for stop().
#pragma once

#include <string>
#include <vector>

#include "model/why.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

class BoardCore;

/// A launch that takes longer than this counts as hung, perhaps for ever: execve(2) takes
/// milliseconds, or a few hundred on a slow disk.
inline constexpr Milliseconds kSlowLaunch{2000};

class Launches {
 public:
  Launches(BoardCore& core, SpawnDefaults defaults);
  Launches& operator=(Launches&&) = delete;

  /// Carries out the launch that the job has to do: its thread or the janitor calls this. Releases
  /// the lock meanwhile.
  void carry_out(Job& job) REQUIRES(board_lock);
  /// Looks at a launch that takes long, and kills its child if it is no longer wanted.
  void help(Job& job) REQUIRES(board_lock);
  /// Ends every wait for the removal of directories, now and later.
  void stop() { launcher_.stop(); }

  /// Adds runtime directories to those that are removed when the service is at rest.
  void add_runtime_dirs(Job& job, const std::vector<std::string>& names) REQUIRES(board_lock);

  [[nodiscard]] bool under_way() const REQUIRES(board_lock) { return !launching_.empty(); }
  /// The launch that created the process `child`; null: none.
  [[nodiscard]] LaunchUnderWay* of(pid_t child) REQUIRES(board_lock);
  /// The main process whose launch is not over, although it runs already or has even ended; 0:
  /// none.
  [[nodiscard]] pid_t main_of(const Job& job) const REQUIRES(board_lock);

  /// Notes the directories and the cgroup of a launch. Directories of earlier launches stay noted,
  /// even if a reload has since removed them from the config.
  void note(Job& job, Launch& launch) REQUIRES(board_lock);
  /// Logs that a launch lacks resources, unless it is no longer wanted.
  void tell_exhausted(Slot slot, const Reason& reason) REQUIRES(board_lock);
  /// Adds that the launch hangs although its child was killed.
  void tell_hangs(Slot slot, WhyReport& report) const REQUIRES(board_lock);

  /// Orders that a change of [resources] is applied.
  void order_limits(Job& job) REQUIRES(board_lock);
  /// If the service has no process left, orders the removal of its runtime directories and of files
  /// its processes left. Until the removal is done the service counts as `launching`: it is not
  /// started and does not count as down.
  void order_removal(Job& job) REQUIRES(board_lock);

 private:
  using EarlyEnd = LaunchUnderWay::EarlyEnd;

  [[nodiscard]] LaunchOrder next_order(Job& job) REQUIRES(board_lock);
  [[nodiscard]] Launch execute(Job& job, const LaunchOrder& order) REQUIRES(board_lock);
  [[nodiscard]] bool is_unwanted(Job& job) REQUIRES(board_lock);
  [[nodiscard]] static std::string hanging(const LaunchUnderWay& launch);
  void over(Job& job, const LaunchOrder& order, Launch launch) REQUIRES(board_lock);

  void begin_step(Job& job, LaunchOrder& order) REQUIRES(board_lock);
  void step_launched(Job& job, const LaunchOrder& order, Launch& launch, const EarlyEnd* early)
      REQUIRES(board_lock);
  void note_process(Job& job, const LaunchOrder& order, Child child) REQUIRES(board_lock);
  void tell(const LaunchOrder& order, const LaunchOutcome& outcome) REQUIRES(board_lock);
  void left_found(Job& job, const std::vector<pid_t>& left) REQUIRES(board_lock);
  void limits_over(Job& job, std::vector<std::string> faults) REQUIRES(board_lock);
  void note_resource_faults(Job& job, std::vector<std::string> faults) REQUIRES(board_lock);

  void keep_runtime_dirs(const Job& job) REQUIRES(board_lock);
  bool hand_on_directory(const Job& from, const std::string& name) REQUIRES(board_lock);
  void removal_over(Job& job) REQUIRES(board_lock);
  [[nodiscard]] bool uses_directory(const Job& job, const std::string& name) const
      REQUIRES(board_lock);

  BoardCore& core_;
  Launcher launcher_;
  Slots launching_ GUARDED_BY(board_lock);  // a launch is under way
};

}  // namespace zinit
