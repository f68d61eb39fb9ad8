// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The rounds of checks that are under way on a board (check_round.hpp), and their commands.
//
// Threads: the board's lock guards all of it.
#pragma once

#include <memory>
#include <vector>

#include "model/why.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/check_round.hpp"
#include "supervisor/job.hpp"

namespace zinit {

class BoardCore;

class CheckRounds {
 public:
  explicit CheckRounds(BoardCore& core) : core_(core) {}
  CheckRounds& operator=(CheckRounds&&) = delete;

  // --- rounds ---
  /// Begins a round. It may be over at once; then ChangePort was notified.
  void begin(const CheckRoundPtr& round) REQUIRES(board_lock);
  /// Waits until the round is over. Releases the lock meanwhile.
  void await(const CheckRound& round) REQUIRES(board_lock);
  /// Ends all rounds, and kills their commands.
  void give_up_all(const RequestFailure& why) REQUIRES(board_lock);
  /// With `hold` no command begins and those that run are killed. They begin again once launches
  /// are no longer held. After a re-execution the clients ask again; requests in the queue of files
  /// would delay the re-execution, so their rounds end.
  void hold(bool hold) REQUIRES(board_lock);
  /// Begins the commands whose turn it is, and completes the requests whose round is over. Call it
  /// after each change.
  void go_on() REQUIRES(board_lock);
  /// Adds that check_exec runs.
  void tell(Slot slot, WhyReport& report) const REQUIRES(board_lock);

  // --- the command of one service, the side command `check` of its job ---
  void started(Job& job, const LaunchOrder& order) REQUIRES(board_lock);
  void ended(Job& job, const ProcessEnd& end) REQUIRES(board_lock);
  /// It has ended, could not be launched, or is given up. `fault` empty: it has succeeded.
  void over(Job& job, const std::string& fault) REQUIRES(board_lock);
  /// Ends the check without waiting for its process, which may hang where SIGKILL does not reach
  /// it.
  void late(Job& job) REQUIRES(board_lock);
  /// The command is killed because its service goes down: it has no result.
  void cut_off(Job& job) REQUIRES(board_lock);
  /// Whether the service has gone down, or on to another process, since the command was ordered.
  /// The command was killed with the previous process, or will be.
  [[nodiscard]] bool is_cut_off(Job& job) const REQUIRES(board_lock);

 private:
  void give_up(CheckRound& round, RequestFailure why) REQUIRES(board_lock);
  void end(CheckRound& round) REQUIRES(board_lock);
  [[nodiscard]] bool still_stands(const CheckRound::One& one) const REQUIRES(board_lock);
  [[nodiscard]] bool may_begin(const CheckRound::One& one) REQUIRES(board_lock);
  void limit_wait(CheckRound::One& one) REQUIRES(board_lock);
  void begin_check(const CheckRoundPtr& round, std::size_t index) REQUIRES(board_lock);
  std::unique_ptr<ServiceCheck> take(Job& job) REQUIRES(board_lock);
  [[nodiscard]] bool would_be_cut_off(Slot slot) const REQUIRES(board_lock);

  BoardCore& core_;
  std::vector<CheckRoundPtr> rounds_ GUARDED_BY(board_lock);  // oldest first
  std::size_t running_ GUARDED_BY(board_lock) = 0;            // commands
  CondVar over_;                                              // a round is over
  bool held_ GUARDED_BY(board_lock) = false;
};

}  // namespace zinit
