// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// How services are stopped: the stop signal, stop_exec in its place, SIGKILL at the end, and the
// processes that each of them reaches. Clients' signals use the same ways.
//
// Threads: the board's lock guards all of it.
#pragma once

#include <string>

#include "model/why.hpp"
#include "supervisor/board_lock.hpp"
#include "supervisor/job.hpp"

namespace zinit {

class BoardCore;

class Stops {
 public:
  explicit Stops(BoardCore& core) : core_(core) {}
  Stops& operator=(Stops&&) = delete;

  /// The config that says how to stop the service: the one it was started with. Time limits,
  /// post_exec, and after a re-execution everything come from the config in force.
  [[nodiscard]] const SpecPtr& spec_of(const Job& job) const REQUIRES(board_lock);
  /// Whether a stop_exec stops it. That of a oneshot takes back what a finished one has set up; one
  /// that is still under way gets the stop signal, and so does a pre_exec of a killed server.
  [[nodiscard]] bool by_command(const Job& job) const REQUIRES(board_lock);

  /// Begins a stop: orders stop_exec, or sends the stop signal.
  void begin(Job& job) REQUIRES(board_lock);
  /// Sends the stop signal.
  void ask_to_end(Job& job) REQUIRES(board_lock);
  /// A frozen service cannot react to a stop signal. To spare it a SIGKILL for its frozen time,
  /// this thaws it and restarts its stop timeout. Not during a shutdown of zinit.
  /// @return  whether it was frozen
  [[nodiscard]] bool thaw(Job& job) REQUIRES(board_lock);
  /// Sends SIGKILL to all that the service has, its side commands too.
  void kill_all(Job& job) REQUIRES(board_lock);
  void kill_cgroup(Job& job) REQUIRES(board_lock);
  /// Sends the stop signal to processes that have left the process group, which it does not reach.
  void signal_escaped(Job& job) REQUIRES(board_lock);
  /// Signals all processes of the cgroup: the first ones now, and the janitor does the rest without
  /// the lock. @return  the error if there is no cgroup, or it cannot be opened now
  [[nodiscard]] Result<void> signal_cgroup(Job& job, int signal) REQUIRES(board_lock);
  /// When the last stop began; the epoch: none did.
  [[nodiscard]] TimePoint last_signal_at() const REQUIRES(board_lock) { return last_signal_at_; }

  /// Adds to the reasons of a stop what the model does not know: the stop_exec that runs, and what
  /// has killed the process.
  void tell(Slot slot, WhyReport& report) const REQUIRES(board_lock);
  /// Why a SIGKILL at the end of a stop was sent, as the text after "killed".
  [[nodiscard]] std::string why_killed(const Job& job) const REQUIRES(board_lock);
  /// Why the process was killed, as the same text; empty: not known.
  [[nodiscard]] std::string killer_of(const Job& job, const ProcessEnd& end) const
      REQUIRES(board_lock);

 private:
  void signal(Job& job, int signal) REQUIRES(board_lock);

  BoardCore& core_;
  TimePoint last_signal_at_ GUARDED_BY(board_lock){};
};

}  // namespace zinit
