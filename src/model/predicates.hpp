// The predicates of the decision table that look at a service and its neighbours. They are pure and
// level-triggered: they depend on the present state, never on past events.
//
// Predicates that follow chains of dependencies are iterative searches with marks (world.hpp). So a
// chain of thousands of services needs no stack, and a search looks at each service once.
#pragma once

#include <functional>

#include "model/world.hpp"

namespace zinit {

/// The wish is up, and there is a request: a stop is owed, or a start is to be tried. A start that
/// was only pulled in does not count for a oneshot that is done.
[[nodiscard]] bool wanted(const World& world, Slot slot);

/// It failed for a missing or failed dependency, its wish is up, and nothing that it requires is
/// missing or failed any more.
[[nodiscard]] bool revivable(const World& world, Slot slot);

/// The wish is up, and it is blocked or will be so with its next step. Neighbours need not wait for
/// that step.
[[nodiscard]] bool to_start(const World& world, Slot slot);

/// A re-spawn is delayed or under way. Where none is counted it is a oneshot, or one that a
/// condition kept down, that is started again while its dependents run on.
[[nodiscard]] inline bool respawns(const Record& record) {
  return record.respawn && record.count > 0;
}

/// Services that require it may run: it is running, a oneshot that is done, or skipped for a
/// condition; its wish is up, and no stop is owed.
[[nodiscard]] bool satisfied(const World& world, Slot slot);

/// It has failed, its wish is up, and it will not be tried again without a request or a change.
[[nodiscard]] bool failed_for_good(const World& world, Slot slot);

/// Its dependents may keep running: it is satisfied, or between its end and its re-spawn.
[[nodiscard]] bool kept(const World& world, Slot slot);

/// What is bound to it may run: it is satisfied, and its process has not ended.
[[nodiscard]] bool holds_bound(const World& world, Slot slot);

/// `dependent`, which requires `slot` or is bound to it, may start as far as `slot` is concerned.
[[nodiscard]] bool satisfies(const World& world, Slot slot, Slot dependent);

/// Something that `slot` requires is missing or not kept, or does not hold what is bound to it.
[[nodiscard]] bool dependency_lost(const World& world, Slot slot);

/// It has `stop_when_unneeded`, something that is not up any more has needed it, and no start has
/// named it.
[[nodiscard]] bool unneeded(const World& world, Slot slot);

/// A switch-root is under way, and the service keeps running over it: its spec has `survive`, and
/// its wish is up. Until what the new root starts has settled, what it requires may be gone.
[[nodiscard]] bool stays_up(const World& world, Slot slot);

/// A process of the service is there, or is being spawned, or it holds something.
[[nodiscard]] bool has_process(const Record& record);

/// A oneshot that is done and holds something: processes that it has left behind, or what its
/// stop_exec takes back. Until that is given up it stands in the order of stops as what runs does.
[[nodiscard]] bool holds(const World& world, Slot slot);

/// It is at rest, and is not about to leave it: a oneshot that is done may owe a stop, for which it
/// waits until its dependents are down.
[[nodiscard]] bool rests(const Record& record);

/// It is a oneshot that is done.
[[nodiscard]] bool done_oneshot(const World& world, Slot slot);

/// It is starting, running or stopping, is being spawned, holds something, or has a process that
/// cannot be killed.
[[nodiscard]] bool active(const World& world, Slot slot);

/// It is not down yet, so what it requires must not stop yet.
[[nodiscard]] bool in_the_way(const World& world, Slot slot);

/// Nothing that is bound to `slot` is in the way.
[[nodiscard]] bool bound_down(const World& world, Slot slot);

/// Nothing that requires `slot` is in the way; in a shutdown, nothing that comes after it either.
[[nodiscard]] bool dependents_down(const World& world, Slot slot);

/// Why a service cannot start, whatever else holds: its config is wrong, or something that it
/// requires is missing or has failed for good. An empty reason if neither is the case.
[[nodiscard]] Reason fault_of(const World& world, Slot slot);

/// The service itself caused the stop under way: it was late, unhealthy, or gave no sign of life.
[[nodiscard]] bool self_caused(const Record& record);

/// Decides which of two conflicting services may start: the one with the smaller claim.
struct Claim {
  int respawn = 1;          // 0: a re-spawn is pending for it or one of its dependents
  std::int64_t rank = 0;    // the least of it and its dependents, at any depth
  std::uint32_t order = 0;  // load order, if all else is equal

  auto operator<=>(const Claim&) const = default;
};
[[nodiscard]] Claim claim(const World& world, Slot slot);

/// It will start without a further request.
[[nodiscard]] bool coming(const World& world, Slot slot);

/// A conflict holds it back: with a service that is active, or is coming with a smaller claim.
[[nodiscard]] bool held(const World& world, Slot slot);
/// Whether `other`, which conflicts with `slot`, holds it back.
[[nodiscard]] bool held_by(const World& world, Slot slot, Slot other);

/// It is starting, or about to start, in its first try. What comes `after` it waits meanwhile.
[[nodiscard]] bool first_try(const World& world, Slot slot);

/// Whether `above`, which requires `slot`, still runs from an earlier run of `slot` and must stop
/// before the next one. A dependent that cannot be killed is not waited for: it has failed.
[[nodiscard]] bool of_earlier_run(const World& world, Slot slot, Slot above);

/// Everything holds that is needed to spawn its first command.
[[nodiscard]] bool may_start(const World& world, Slot slot, TimePoint now);

/// Whether its restart policy has it started again after an end, which was `good` or not; and
/// whether its max_restarts allows one more re-spawn.
[[nodiscard]] bool policy_says_again(const ServiceSpec& spec, bool good);
[[nodiscard]] bool restarts_left(const World& world, Slot slot, TimePoint now);

/// It has been running for its stability period, so that delay and count of re-spawns start anew.
[[nodiscard]] bool stable(const Record& record, const Lifecycle& lifecycle, TimePoint now);

/// `set` lists the end.
[[nodiscard]] bool contains(const EndSet& set, const ProcessEnd& end);

/// The end counts as success for this service.
[[nodiscard]] bool good_end(const ServiceSpec& spec, const ProcessEnd& end);

/// Its attempt is over, as the section "A service is settled when" of behaviour.md has it.
[[nodiscard]] bool settled(const World& world, Slot slot, TimePoint now);

/// Whether something holds the blocked service up that does not end by itself, or only after a
/// delay: a re-spawn's delay, a conflict, a missing name, or a service that it waits for and for
/// which `settled` is true.
[[nodiscard]] bool held_up(const World& world, Slot slot, const std::function<bool(Slot)>& settled);

/// settled() for many services of a world that does not change meanwhile. What was found for one is
/// reused for the others, and is kept in World::searches: a world may have one object at a time.
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
