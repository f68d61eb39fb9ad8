// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The predicates of the decision table that look at a service and its neighbours. They are pure and
// level-triggered: they depend only on the present state, never on past events.
//
// Predicates that follow chains of dependencies are iterative searches with marks (world.hpp). So a
// chain of thousands of services needs no stack, and a search looks at each service once.
#pragma once

#include "base/function_ref.hpp"
#include "model/world.hpp"

namespace zinit {

/// The wish is up, and there is a request: a stop is owed, or a start must be tried. For a done
/// oneshot, a start that was only pulled in does not count.
[[nodiscard]] bool wanted(const World& world, Slot slot);

/// It failed because of a missing or failed dependency, its wish is up, and no dependency is
/// missing or failed any more.
[[nodiscard]] bool revivable(const World& world, Slot slot);

/// The wish is up, and it is blocked or will be blocked after its next step. Neighbours need not
/// wait for that step.
[[nodiscard]] bool to_start(const World& world, Slot slot);

/// A re-spawn is delayed or under way. With a count of 0 it is no re-spawn: a done oneshot, or a
/// service that a condition kept down, is started again while its dependents keep running.
[[nodiscard]] inline bool respawns(const Record& record) {
  return record.respawn && record.count > 0;
}

/// It is ready, and its main process has not ended. A service that is starting or stopping has a
/// process, too, but does not run in this sense.
[[nodiscard]] bool runs(const Record& record, const ServiceSpec& spec);

/// It is in the state `running`, but its main process has ended. What is left of its group is
/// killed, or its post_exec runs.
[[nodiscard]] bool has_ended(const World& world, Slot slot);

/// Its stop is part of a re-spawn. Such a stop waits only for the dependents that are bound to it:
/// all others keep running.
[[nodiscard]] constexpr bool stops_to_respawn(const Record& record) {
  return record.again && record.wish == Wish::up && !record.stop_owed;
}

/// Its dependents may start: it runs, is a done oneshot, or skipped because of a condition; its
/// wish is up, and no stop is owed. Services bound to it stop if it is not.
[[nodiscard]] bool satisfied(const World& world, Slot slot);

/// It has failed, its wish is up, and it will not be tried again without a request or a change.
[[nodiscard]] bool failed_for_good(const World& world, Slot slot);

/// Its dependents may keep running: it is satisfied, or between its end and its re-spawn.
[[nodiscard]] bool kept(const World& world, Slot slot);

/// A service that requires `required` must stop: it is not kept; or it is not satisfied, and that
/// service is `bound` to it.
[[nodiscard]] bool is_lost(const World& world, Slot required, bool bound);

/// A service that `slot` requires is missing or lost.
[[nodiscard]] bool dependency_lost(const World& world, Slot slot);

/// It has `stop_when_unneeded`, was needed by services that are all no longer up, and no start has
/// named it.
[[nodiscard]] bool unneeded(const World& world, Slot slot);

/// A switch-root is under way, and the service survives it: its spec has `survive`, and its wish is
/// up. Until everything that the new root starts has settled, its dependencies may be gone.
[[nodiscard]] bool stays_up(const World& world, Slot slot);

/// A process of the service exists or is being spawned, or the service holds something.
[[nodiscard]] bool has_process(const Record& record);

/// A done oneshot that holds something: processes it left behind, or what its stop_exec takes back.
/// Until then it counts like a running service in the order of stops.
[[nodiscard]] bool holds(const World& world, Slot slot);

/// It is at rest and stays there. A done oneshot may still owe a stop, for which it waits until its
/// dependents are down.
[[nodiscard]] bool rests(const Record& record);

/// It is a done oneshot.
[[nodiscard]] bool done_oneshot(const World& world, Slot slot);

/// It is starting, running or stopping, is being spawned, holds something, or has a process that
/// cannot be killed.
[[nodiscard]] bool active(const World& world, Slot slot);

/// It is at rest and not active.
[[nodiscard]] bool nothing_left(const World& world, Slot slot);

/// It is not down yet, so the services that it requires must not stop yet.
[[nodiscard]] bool in_the_way(const World& world, Slot slot);

/// No service that is bound to `slot` is in the way.
[[nodiscard]] bool bound_down(const World& world, Slot slot);

/// No service that requires `slot` is in the way; in a shutdown, none that comes after it either.
[[nodiscard]] bool dependents_down(const World& world, Slot slot);

/// Why a service can certainly not start: its config is wrong, or a service that it requires is
/// missing or has failed for good. Otherwise an empty reason.
[[nodiscard]] Reason fault_of(const World& world, Slot slot);

/// The service itself caused the stop under way: it was late or unhealthy, was silent, or its
/// ready_exec failed.
[[nodiscard]] bool self_caused(const Record& record);

/// Decides which of two conflicting services may start: the one with the smaller claim.
struct Claim {
  int respawn = 1;          // 0: a re-spawn is pending for it or one of its dependents
  std::int64_t rank = 0;    // the smallest of it and its dependents, at any depth
  std::uint32_t order = 0;  // load order, if all else is equal

  auto operator<=>(const Claim&) const = default;
};
[[nodiscard]] Claim claim(const World& world, Slot slot);

/// It will start without a further request.
[[nodiscard]] bool coming(const World& world, Slot slot);

/// A conflict holds it back: with an active service, or one that is coming with a smaller claim.
[[nodiscard]] bool held(const World& world, Slot slot);
/// Whether `other`, which conflicts with `slot`, holds it back.
[[nodiscard]] bool held_by(const World& world, Slot slot, Slot other);

/// It is starting, or about to start, in its first try. Services `after` it wait meanwhile.
[[nodiscard]] bool first_try(const World& world, Slot slot);

/// Whether `above`, which requires `slot`, still runs from an earlier run of `slot` and must stop
/// before the next one. A dependent that cannot be killed has failed and is not waited for.
[[nodiscard]] bool of_earlier_run(const World& world, Slot slot, Slot above);

/// Everything needed to spawn its first command holds.
[[nodiscard]] bool may_start(const World& world, Slot slot, TimePoint now);

/// Whether its restart policy starts it again after a `good` or bad end; and whether its
/// max_restarts allows one more re-spawn.
[[nodiscard]] bool policy_says_again(const ServiceSpec& spec, bool good);
[[nodiscard]] bool restarts_left(const World& world, Slot slot, TimePoint now);

/// It has run for its stability period, so that delay and count of re-spawns begin again.
[[nodiscard]] bool stable(const Record& record, const Lifecycle& lifecycle, TimePoint now);

/// `set` lists the end.
[[nodiscard]] bool contains(const EndSet& set, const ProcessEnd& end);

/// The end counts as success for this service.
[[nodiscard]] bool good_end(const ServiceSpec& spec, const ProcessEnd& end);

/// Its attempt is over, as described in behaviour.md, "A service is settled when".
[[nodiscard]] bool settled(const World& world, Slot slot, TimePoint now);

/// Whether the blocked service is held up by something that does not end by itself, or only after a
/// delay: a re-spawn's delay, a conflict, a missing name, or a service that it waits for and for
/// which `settled` is true.
[[nodiscard]] bool held_up(const World& world, Slot slot, FunctionRef<bool(Slot)> settled);

/// settled() for many services of a world that does not change meanwhile. Results for one service
/// are reused for others. They are in World::searches: one object per world at a time.
class SettledQuestions {
 public:
  SettledQuestions(const World& world, TimePoint now);
  [[nodiscard]] bool ask(Slot slot);

 private:
  [[nodiscard]] bool blocked_by_settled(Slot slot);
  [[nodiscard]] bool settled_or_visited(Slot at, Slot other);
  void mark_way_to(Slot at);

  const World& world_;
  const TimePoint now_;
};

}  // namespace zinit
