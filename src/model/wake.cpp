// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the services that a change affects. Each predicate of predicates.hpp looks at neighbours
// over one kind of edge, so a change affects the services that look at the changed one:
//
//  - A dependent looks at the services that it requires with satisfied(), kept(),
//    failed_for_good(), and, through chains of dependencies, coming() and first_try(). So a change
//    is passed on to dependents of dependents if one of these has a conflict, or if a service comes
//    after one of these without requiring it.
//  - A required service looks at its dependents with in_the_way(), and with claim() at any depth.
//    So a change is passed on downwards if there is a conflict below. A service with
//    `stop_when_unneeded` looks whether the services that require or want it are up.
//  - Conflicting services look at each other with active(), coming(), claim(). The result is part
//    of their own first_try(), so the change is passed on from there.
//  - A service looks at the services in its `after` with first_try(), and no predicate looks
//    further through `after`. In a shutdown a service looks whether the services after it are down.
#include "model/wake.hpp"

#include "model/predicates.hpp"

namespace zinit {

namespace {

/// Whether a change beyond `slot` can change what others see of `slot`. This is so while the
/// service waits for its start, or stops: its dependencies decide whether it will start again. Any
/// other active service notifies its neighbours when its own state changes.
bool passes_on(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.wish == Wish::up && (!active(world, slot) || record.state == State::stopping);
}

}  // namespace

void begin_affected(const World& world) {
  world.searches.affected.begin(world.graph->slots());
  world.searches.affected_through.begin(world.graph->slots());
}

void affected(const World& world, Slot changed, Slots& seen) {
  Search& through = world.searches.affected_through;
  const auto see = [&](Slot slot, bool passes) {
    if (world.searches.affected.mark(slot)) seen.push_back(slot);
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
    for (const Slot below : node.wants)
      if (world.spec(below).lifecycle.stop_when_unneeded) see(below, false);
    for (const Slot other : node.conflicts) see(other, passes_on(world, other));
    for (const Slot later : node.ordered_before) see(later, false);
    if (!world.shutdown) continue;
    for (const Slot earlier : node.after) see(earlier, false);
  }
}

}  // namespace zinit
