// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A rehearsal: what a request, a failure, a boot or a shutdown would do, found by simulation on a
// copy of the world. Nothing is executed, and the running system does not change.
//
// The rehearsal knows the rules of decide(), and no more of the processes than this: it assumes
// that each can be spawned, becomes ready as soon as it did the last time, keeps running, and ends
// at once when it is stopped; that each oneshot succeeds; that what could not be spawned the last
// time, or did not start because of a condition, does so again. A service can be declared to fail:
// then its main process exits with code 1 as soon as it is spawned. Its on_failure starts services
// of the graph; on_failure_action and `critical` do nothing. Timers, paths, sockets and proxies
// start nothing.
#pragma once

#include <vector>

#include "model/simulation.hpp"

namespace zinit {

class Rehearsal final : public Simulation {
 public:
  /// One change of state.
  struct Change {
    Milliseconds after{0};  // from the beginning
    Slot slot = kNoSlot;
    State from = State::inactive;
    State to = State::inactive;
    Reason reason;
  };
  /// Further changes are left out of changes().
  static constexpr std::size_t kMostChanges = 100000;
  /// A service that was spawned again this often, and has no end of it in sight, is left out too.
  static constexpr std::uint32_t kMostRespawns = 5;

  /// Goes on from `present`, a copy of a world at the time `at`.
  /// @param start_takes  by slot, how long it took to become ready; may be shorter
  /// @param booted  the machine has just booted: no service has been started
  Rehearsal(World present, TimePoint at, std::vector<Milliseconds> start_takes = {},
            bool booted = false);
  /// A machine that has just booted, with services that never ran.
  explicit Rehearsal(GraphPtr graph);

  /// From now on the main process of the service fails. One that runs fails at once.
  void fail(Slot slot);
  /// Processes end only by SIGKILL, as late as their stop timeouts allow.
  void ignore_stops() { stops_ignored_ = true; }

  /// Does a small part. The end is reached when all services have settled, except those that are
  /// spawned again for ever. @return  false if nothing was left to do
  [[nodiscard]] bool proceed();

  [[nodiscard]] const std::vector<Change>& changes() const noexcept { return changes_; }
  /// It took too long and has ended before the services had settled.
  [[nodiscard]] bool cut_off() const noexcept { return parts_left_ == 0; }
  /// The services that would be spawned again for ever.
  [[nodiscard]] const Slots& repeating() const noexcept { return repeating_; }
  /// The services whose state is another than at the beginning, in load order.
  [[nodiscard]] Slots changed() const;
  /// The time since the beginning.
  [[nodiscard]] Milliseconds passed() const;

 private:
  Life life_of(Slot slot) override;
  Life ready_life_of(Slot slot) override;
  void entered(Slot slot, const Row& row, State from) override;

  [[nodiscard]] Life life(Slot slot, const CurrentCommand& command) const;
  void go_on(Slot slot);
  [[nodiscard]] bool others_settled() const;

  const TimePoint begun_;
  const std::vector<Milliseconds> start_takes_;
  std::vector<State> states_;            // at the beginning, by slot
  std::vector<LaunchOutcome> launches_;  // by slot: as the last time
  std::vector<bool> failing_;            // by slot
  std::vector<std::uint32_t> respawns_;  // by slot: so far
  Slots repeating_;
  Slots to_start_;     // by on_failure
  bool look_ = false;  // a service that repeats has been spawned again
  std::size_t parts_left_;
  std::vector<Change> changes_;
  bool stops_ignored_ = false;
};

}  // namespace zinit
