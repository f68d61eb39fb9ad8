// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Restores services from the journal of the previous process image. restorer.cpp says which cases
// there are.
//
// Threads: the board's lock guards all of it.
#pragma once

#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"

namespace zinit {

class BoardCore;

class Restorer {
 public:
  Restorer(BoardCore& core, const FactMap& facts) : core_(core), kept_(facts) {}
  Restorer& operator=(Restorer&&) = delete;

  /// Restores the record and job of a service from its journal entry.
  void restore(Slot slot, const JournalEntry& entry) REQUIRES(board_lock);
  /// Call after all services are restored: orders again what the previous process image ordered and
  /// did not begin. `owed` as in JournalFacts.
  void order_again(Slot slot, std::uint8_t owed) REQUIRES(board_lock);

 private:
  void restore_words(Job& job) REQUIRES(board_lock);
  void restore_facts(Job& job, const JournalFacts& facts) REQUIRES(board_lock);
  void restore_launch(Job& job, const JournalEntry& entry) REQUIRES(board_lock);
  [[nodiscard]] bool restore_process(Job& job, const JournalEntry& entry, bool held)
      REQUIRES(board_lock);
  void end_launch(Job& job, pid_t pid) REQUIRES(board_lock);
  void restore_side_commands(Job& job, const JournalFacts& facts) REQUIRES(board_lock);
  void restore_cgroup(Job& job) REQUIRES(board_lock);

  /// Time for all processes that were being created to execute their programs. The machine's
  /// watchdog is not fed meanwhile. Processes that take longer are looked at later.
  static constexpr Milliseconds kToExecute{1000};

  BoardCore& core_;
  const FactMap& kept_;
  const TimePoint execute_by_ = after(Clock::now(), kToExecute);
};

}  // namespace zinit
