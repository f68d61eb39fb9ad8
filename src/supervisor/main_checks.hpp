// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Which main processes are watched, and main processes that zinit has not spawned: daemons in the
// background, and successors that a pidfile names.
//
// Threads: the board's lock guards all of it.
#pragma once

#include "model/why.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"

namespace zinit {

class BoardCore;

class MainChecks {
 public:
  explicit MainChecks(BoardCore& core) : core_(core) {}
  MainChecks& operator=(MainChecks&&) = delete;

  /// The job whose present main process is `process`; null: none.
  [[nodiscard]] Job* job_of(const CheckedProcess& process) REQUIRES(board_lock);

  /// Begins to watch the main process, if that is needed.
  void begin(Job& job, const SpawnExtrasPtr& extras = nullptr) REQUIRES(board_lock);
  void end(Job& job) REQUIRES(board_lock);
  /// Begins, updates or ends the watching of the main process, after a change of its spec.
  void change(Job& job) REQUIRES(board_lock);

  /// Whether `end` is the end of a daemon's parent: the daemon has gone to the background and
  /// reports its pid by a pidfile.
  [[nodiscard]] bool goes_to_background(const Job& job, const ProcessEnd& end) const
      REQUIRES(board_lock);
  void went_to_background(Job& job, Remains remains) REQUIRES(board_lock);
  /// Whether the pidfile may name a successor of a main process that ends now.
  [[nodiscard]] bool may_be_followed(const Job& job) const REQUIRES(board_lock);
  /// Notes the end. Board::no_successor() makes it the end of the service's process.
  void seek_successor(Job& job, const ProcessEnd& end, Remains remains) REQUIRES(board_lock);
  /// For a service in the background with an unknown main process: stops waiting for its pid. The
  /// main process counts as ended with success, and all that is left as its process group.
  void give_up_main(Job& job) REQUIRES(board_lock);

  /// Adds the pid whose READY=1 was ignored, if the service is starting or started too slowly.
  void tell(Slot slot, WhyReport& report) const REQUIRES(board_lock);

 private:
  [[nodiscard]] bool needed(const Job& job) const REQUIRES(board_lock);
  /// Makes the watcher read the pidfile of a service whose main process has ended.
  void ask_for_successor(Job& job) REQUIRES(board_lock);

  BoardCore& core_;
};

}  // namespace zinit
