// The questions that the decision table asks: predicates over a service and its neighbours. Pure
// and level-triggered: they look at how things are, never at what happened.
//
// Those that look through chains of dependencies are iterative searches with marks (world.hpp), so
// a chain of thousands costs no stack, and each node is looked at once a search.
#pragma once

#include "model/world.hpp"

namespace zinit {

/// Up, and asked for: a stop is owed, or a try is set that means something (a pulled try of a done
/// oneshot does not).
[[nodiscard]] bool wanted(const World& world, Slot slot);

/// Failed for a missing or failed dependency, wish up, and nothing that it requires is so any more.
[[nodiscard]] bool revivable(const World& world, Slot slot);

/// Blocked, or at rest but about to be: neighbours count it as blocked before its own job has
/// looked.
[[nodiscard]] bool to_start(const World& world, Slot slot);

/// What a dependent's `requires` needs: running, or a oneshot done (or a condition that did not
/// hold), with the wish up and nothing owed.
[[nodiscard]] bool satisfied(const World& world, Slot slot);

[[nodiscard]] bool failed_for_good(const World& world, Slot slot);

/// Not going away: satisfied, or between its end and its re-spawn.
[[nodiscard]] bool kept(const World& world, Slot slot);

/// Something that `slot` requires is missing or not kept.
[[nodiscard]] bool goes(const World& world, Slot slot);

/// A process of the service is there, or is being spawned.
[[nodiscard]] bool has_process(const Record& record);

/// Starting, running or stopping, or with a process (being spawned, or one that cannot be killed).
[[nodiscard]] bool active(const World& world, Slot slot);

/// Has to be down before what it requires may stop, and is not.
[[nodiscard]] bool in_the_way(const World& world, Slot slot);

/// Nothing that requires `slot` is in the way; in a shutdown nothing that is ordered after it
/// either.
[[nodiscard]] bool clear(const World& world, Slot slot);

/// What a service cannot start for, before anything else is asked: its config, or what it requires.
/// Nothing where it is at no fault.
[[nodiscard]] Reason fault_of(const World& world, Slot slot);

/// The stop under way has its cause in the service itself: late, unhealthy, without a sign of life.
[[nodiscard]] bool self_caused(const Record& record);

/// Precedence in a conflict; the smaller one comes first.
struct Claim {
  int respawn = 1;          // 0: a re-spawn is pending for it or for what stands on it
  std::int64_t rank = 0;    // least of it and of all with the wish up that require it, transitively
  std::uint32_t order = 0;  // load order, between equals

  auto operator<=>(const Claim&) const = default;
};
[[nodiscard]] Claim claim(const World& world, Slot slot);

/// Will be starting without anybody's help.
[[nodiscard]] bool coming(const World& world, Slot slot);

/// A conflicting service is active, or is coming and has the smaller claim.
[[nodiscard]] bool held(const World& world, Slot slot);
/// Whether `other`, which conflicts with `slot`, is what holds it.
[[nodiscard]] bool held_by(const World& world, Slot slot, Slot other);

/// About to start or starting for this try: what `after` waits for the end of.
[[nodiscard]] bool first_try(const World& world, Slot slot);

/// All that must be so for a spawn.
[[nodiscard]] bool may_start(const World& world, Slot slot, TimePoint now);

/// The policy says to start it again after an end that was `good` or not; and whether re-spawns are
/// left.
[[nodiscard]] bool policy_says_again(const ServiceSpec& spec, bool good);
[[nodiscard]] bool restarts_left(const World& world, Slot slot, TimePoint now);

/// It has been running for its stability period: the delay and the count of re-spawns start anew.
[[nodiscard]] bool stable(const Record& record, const Lifecycle& lifecycle, TimePoint now);

/// The end counts as success for this service.
[[nodiscard]] bool good_end(const ServiceSpec& spec, const ProcessEnd& end);

/// Its attempt is over: see behaviour.md, "A service is settled when".
[[nodiscard]] bool settled(const World& world, Slot slot, TimePoint now);

/// The same question about many services of a world that stays as it is meanwhile: each is looked
/// at once for all of them together. One at a time for a world.
class SettledQuestions {
 public:
  SettledQuestions(const World& world, TimePoint now);
  [[nodiscard]] bool ask(Slot slot);

 private:
  [[nodiscard]] bool blocked_by_settled(Slot slot);
  [[nodiscard]] bool held_up_by_settled(Slot at);
  [[nodiscard]] bool settled_or_visited(Slot at, Slot other);
  void mark_way_to(Slot at);

  const World& world_;
  const TimePoint now_;
};

}  // namespace zinit
