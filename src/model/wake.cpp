// Sight of a change: how far information travels, over which kind of edge.
//
//  - Up, from what is required to what requires it: satisfied, kept, failed for good, and the
//    outlook of chains (coming, first_try). Further up as long as something beyond looks through
//    chains.
//  - Down, from a dependent to what it requires: in the way or not; and its claim, further down as
//    long as there is a conflict below.
//  - Over a conflict, both ways: active, coming, claim; and on from there, for `held` is part of
//  first_try.
//  - From what is ordered before to what comes after it: first_try; no further, nobody looks
//    through `after`. And the other way round in a shutdown, when the first waits for the second.
#include "model/wake.hpp"

#include "model/predicates.hpp"

namespace zinit {

namespace {

/// The way goes on through those that wait for their start; what is active, or not wanted, looks
/// the same to others whatever happens behind it.
bool passes_on(const World& world, Slot slot) {
  return world.record(slot).wish == Wish::up && !active(world, slot);
}

}  // namespace

void begin_sight(const World& world) {
  world.searches.sight.begin(world.graph->slots());
  world.searches.sight_through.begin(world.graph->slots());
}

void in_sight(const World& world, Slot changed, Slots& seen) {
  Search& through = world.searches.sight_through;
  const auto see = [&](Slot slot, bool passes) {
    if (world.searches.sight.mark(slot)) seen.push_back(slot);
    if (passes) through.visit(slot);
  };
  see(changed, true);
  for (Slot at; through.next(at);) {
    const Node& node = world.node(at);
    for (const Slot above : node.required_by) {
      see(above, world.node(above).watched_from_above && passes_on(world, above));
    }
    for (const Slot below : node.requires_) {
      see(below, world.node(below).watched_from_below && passes_on(world, below));
    }
    for (const Slot other : node.conflicts) see(other, passes_on(world, other));
    for (const Slot later : node.ordered_before) see(later, false);
    if (!world.shutdown) continue;
    for (const Slot earlier : node.after) see(earlier, false);
  }
}

}  // namespace zinit
