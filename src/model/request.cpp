// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Requests only change records. The services do the rest with their next decisions.
#include "model/request.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "model/decide.hpp"
#include "model/predicates.hpp"

namespace zinit {

namespace {

/// It is starting or running, or its process is being spawned.
bool has_run(const Record& record) {
  return record.state == State::starting || record.state == State::running ||
         (record.state == State::blocked && record.process == Process::launching);
}

}  // namespace

bool stands(const World& world, Slot slot) {
  return has_run(world.record(slot)) || holds(world, slot);
}

namespace {

void append(Slots& to, const Slots& from) { to.insert(to.end(), from.begin(), from.end()); }

void pull(Record& record) {
  record.wish = Wish::up;
  if (record.try_ == Try::none) record.try_ = Try::pulled;
}

/// Whether a service that requires or wants `slot` pulls it in.
bool is_pulled(const World& world, Slot slot) {
  return !world.node(slot).removed && world.spec(slot).status != StartStatus::ignore;
}

/// Whether a boot without a target starts it.
bool boots(const World& world, Slot slot) {
  const Node& node = world.node(slot);
  return node.spec->starts_at_boot() && !node.broken() && !node.removed;
}

/// Pulls in everything that the services in the search require and want, at any depth. The search
/// stops at satisfied services. Services with `status = "ignore"` are not pulled in.
void pull_dependencies(World& world, Search& search, Slots& changed) {
  for (Slot at; search.next(at);) {
    for (const auto list : {&Node::requires_, &Node::wants}) {
      for (const Slot other : world.node(at).*list) {
        if (!is_pulled(world, other)) continue;
        const bool through = !satisfied(world, other);
        pull(world.record(other));
        world.record(other).needed = true;
        changed.push_back(other);
        if (through) search.visit(other);
      }
    }
  }
}

/// `slots` and everything that they reach over `edges`.
Slots closure(const World& world, const Slots& slots, SlotList Node::*edges) {
  Slots result;
  Search& search = world.searches.request;
  search.begin(world.graph->slots());
  for (const Slot slot : slots) search.visit(slot);
  for (Slot at; search.next(at);) {
    result.push_back(at);
    for (const Slot other : world.node(at).*edges) search.visit(other);
  }
  return result;
}

void take_down(World& world, Slot slot) {
  no_longer_wish(world.record(slot));
  if (stands(world, slot)) world.record(slot).stop_owed = true;
}

bool stopped_with(const Record& record) { return record.reason.type == ReasonType::stopped_with; }

/// Takes `slot` and all its dependents down. `reason`, if not empty, says for which service `slot`
/// stops; for its dependents that is `slot`. Services that were up and had not failed are added to
/// `stopped`.
void take_down_with_dependents(World& world, Slot slot, Reason reason, Requested& result) {
  const Slots all = closure(world, {slot}, &Node::required_by);
  for (const Slot each : all) {
    Record& record = world.record(each);
    const bool was_up = record.wish == Wish::up || has_run(record);
    // A process that cannot be killed stays the reason of its service's failure.
    const bool tell = record.state != State::failed || record.process == Process::none;
    if (was_up && tell)
      record.reason =
          each == slot ? reason : Reason{ReasonType::stopped_with, 0, world.graph->name(slot), {}};
    else if (each == slot && stopped_with(record))
      record.reason = reason;
    if (was_up && record.state != State::failed) result.stopped.push_back(each);
    take_down(world, each);
  }
  append(result.changed, all);
}

/// Marks what an isolate does not stop: `target` with everything that it requires and wants, and
/// services of class `system` with the wish up and everything that they require, at any depth. The
/// marks are valid until the next request.
const Search& mark_what_stays(const World& world, Slot target) {
  Search& search = world.searches.request;
  search.begin(world.graph->slots());
  search.visit(target);
  for (Slot at; search.next(at);) {
    for (const auto list : {&Node::requires_, &Node::wants})
      for (const Slot other : world.node(at).*list) search.visit(other);
  }
  for (const Slot slot : world.graph->order()) {
    const bool stands =
        world.spec(slot).class_ == ServiceClass::system && world.record(slot).wish == Wish::up;
    if (stands) search.visit(slot);
  }
  for (Slot at; search.next(at);)
    for (const Slot other : world.node(at).requires_) search.visit(other);
  return search;
}

constexpr const char* kSystemClass = "it is of class system";

/// Chooses all services except those of class `system` and the services that these require, at any
/// depth. A service of class `system` protects its dependencies only if `counts` is true for it.
template <class Counts>
Bulk pass_over_system(const Graph& graph, Counts counts) {
  std::vector<Slot> stands_on_it(graph.slots(), kNoSlot);
  Search search;
  for (const Slot system : graph.order()) {
    if (graph.spec(system).class_ != ServiceClass::system || !counts(system)) continue;
    search.begin(graph.slots());
    search.visit(system);
    for (Slot at; search.next(at);) {
      for (const Slot other : graph.node(at).requires_) {
        // If it was marked before, everything that it requires was marked as well.
        if (std::exchange(stands_on_it[other], system) == kNoSlot) search.visit(other);
      }
    }
  }
  Bulk bulk;
  for (const Slot slot : graph.order()) {
    if (graph.node(slot).removed) continue;
    if (graph.spec(slot).class_ == ServiceClass::system)
      bulk.skipped.push_back({slot, kSystemClass});
    else if (const Slot by = stands_on_it[slot]; by != kNoSlot)
      bulk.skipped.push_back(
          {slot, fmt::format("{}, of class system, requires it", graph.name(by))});
    else
      bulk.done.push_back(slot);
  }
  return bulk;
}

/// Whether the file of a service, or what it requires, must change before it can start.
bool cannot_start(const World& world, Slot slot) {
  return world.node(slot).broken() || !world.node(slot).missing->empty();
}

/// Stops everything that conflicts with a service in `started`, unless it is in `started` as well.
/// Stops nothing if one of them cannot start: the request fails then.
void stop_conflicting(World& world, const Slots& started, Requested& result) {
  if (std::ranges::any_of(started, [&](Slot slot) { return cannot_start(world, slot); })) return;
  for (const Slot slot : started) {
    for (const Slot other : world.node(slot).conflicts) {
      if (contains(started, other)) continue;
      if (world.record(other).wish == Wish::up)
        take_down_with_dependents(
            world, other, {ReasonType::stopped_with, 1, world.graph->name(slot), {}}, result);
    }
  }
}

/// The dependents of `slots`, which are up, that went down in an earlier stop of these.
Slots left_stopped(const World& world, const Slots& slots) {
  Slots left = closure(world, slots, &Node::required_by);
  std::erase_if(left, [&](Slot each) {
    const Record& record = world.record(each);
    return record.wish == Wish::up || !stopped_with(record);
  });
  return left;
}

/// The services that are up, and that a re-spawn of `slot` stops: those bound to it, and all that
/// requires these.
Slots bound_and_up(const World& world, Slot slot) {
  Slots bound;
  for (const Slot above : world.node(slot).required_by)
    if (world.node(above).binds(slot)) bound.push_back(above);
  Slots all = closure(world, bound, &Node::required_by);
  std::erase_if(all, [&](Slot each) {
    return world.record(each).wish == Wish::down || !stands(world, each);
  });
  return all;
}

}  // namespace

Requested request_start(World& world, Slot slot) {
  Requested result;
  Slots& changed = result.changed;
  changed.push_back(slot);
  Record& record = world.record(slot);
  record.wish = Wish::up;
  record.try_ = Try::asked;
  record.named = true;
  Search& search = world.searches.request;
  search.begin(world.graph->slots());
  search.visit(slot);
  pull_dependencies(world, search, changed);
  for (const Slot each : changed) {
    const bool tried = each != slot && world.record(each).try_ != Try::none;
    if (tried && !satisfied(world, each) && !active(world, each)) result.started.push_back(each);
  }
  if (done_oneshot(world, slot)) result.restarted = bound_and_up(world, slot);
  const Slots started = world.rank_first(closure(world, {slot}, &Node::requires_));
  append(changed, started);
  stop_conflicting(world, started, result);
  Slots up = result.started;
  up.push_back(slot);
  result.left = left_stopped(world, up);
  return result;
}

Requested request_stop(World& world, Slot slot) {
  Requested result;
  take_down_with_dependents(world, slot, {}, result);
  std::erase(result.stopped, slot);
  return result;
}

Slots owe_stop(World& world, Slot slot) {
  Slots all = closure(world, {slot}, &Node::required_by);
  for (const Slot each : all) {
    if (stands(world, each) || (each != slot && done_oneshot(world, each)))
      world.record(each).stop_owed = true;
  }
  return all;
}

Requested request_restart(World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (!stands(world, slot)) return request_start(world, slot);
  Requested result;
  // A stop may have been requested just before, with no step taken since. The last request counts.
  if (record.wish == Wish::down)
    result = request_start(world, slot);
  else
    append(result.changed, world.rank_first(closure(world, {slot}, &Node::requires_)));
  const Slots owing = owe_stop(world, slot);
  append(result.changed, owing);
  for (const Slot each : owing) {
    const Record& other = world.record(each);
    if (each != slot && other.stop_owed && other.wish == Wish::up) result.restarted.push_back(each);
  }
  result.left = left_stopped(world, {slot});
  return result;
}

Slots stopped_by_restart(const World& world, const Graph& graph, Slot slot) {
  Search search;
  search.begin(graph.slots());
  search.visit(slot);
  Slots stopped;
  for (Slot at; search.next(at);) {
    const bool there = world.graph->used(at) && world.graph->name(at) == graph.name(at);
    if (there && stands(world, at)) stopped.push_back(at);
    for (const Slot above : graph.node(at).required_by) search.visit(above);
  }
  return stopped;
}

Slots request_boot(World& world, Slot target, const Graph* older) {
  if (target != kNoSlot) return request_pull(world, {target});
  Slots slots;
  for (const Slot slot : world.graph->order())
    if (boots(world, slot) && world.record(slot).wish == Wish::down &&
        (older == nullptr || older->find(world.graph->name(slot)) == kNoSlot))
      slots.push_back(slot);
  return request_pull(world, slots);
}

Slots slots_of_boot(const World& world, Slot target) {
  Search search;
  search.begin(world.graph->slots());
  if (target != kNoSlot) search.visit(target);
  for (const Slot slot : world.graph->order())
    if (target == kNoSlot && boots(world, slot)) search.visit(slot);
  Slots result;
  for (Slot at; search.next(at);) {
    result.push_back(at);
    for (const auto list : {&Node::requires_, &Node::wants})
      for (const Slot other : world.node(at).*list)
        if (is_pulled(world, other)) search.visit(other);
  }
  return result;
}

Slots request_pull(World& world, const Slots& slots) {
  Slots changed;
  Search& search = world.searches.request;
  search.begin(world.graph->slots());
  for (const Slot slot : slots) {
    pull(world.record(slot));
    changed.push_back(slot);
    search.visit(slot);
  }
  pull_dependencies(world, search, changed);
  return changed;
}

std::string isolate_refusal(const ServiceSpec& spec) {
  if (spec.kind == Kind::target) return {};
  return fmt::format("{} is a {}; only a target can be isolated", spec.name, kind_name(spec.kind));
}

Isolation request_isolate(World& world, Slot target) {
  Isolation isolation;
  const Search& stays = mark_what_stays(world, target);
  for (const Slot slot : world.graph->order()) {
    Record& record = world.record(slot);
    const bool there = record.wish == Wish::up || active(world, slot);
    if (!there || stays.has(slot) || world.spec(slot).class_ == ServiceClass::system) continue;
    take_down(world, slot);
    isolation.changed.push_back(slot);
    if (record.state != State::failed) isolation.stopped.push_back(slot);
  }
  const auto down = [&](Slot slot) { return !satisfied(world, slot) && !active(world, slot); };
  Slots before;
  std::ranges::copy_if(world.graph->order(), std::back_inserter(before), down);
  const Requested start = request_start(world, target);
  append(isolation.changed, start.changed);
  for (const Slot slot : start.stopped)  // because of a conflict
    if (!contains(isolation.stopped, slot)) isolation.stopped.push_back(slot);
  for (const Slot slot : before) {
    const Record& record = world.record(slot);
    if (record.wish == Wish::up && record.try_ != Try::none) isolation.started.push_back(slot);
  }
  return isolation;
}

Bulk request_start_all(World& world) {
  Bulk bulk;
  Slots asked;  // includes broken ones: each is started after its file is corrected
  for (const Slot slot : world.graph->order()) {
    const Node& node = world.node(slot);
    if (node.removed) continue;
    if (node.spec->class_ == ServiceClass::system)
      bulk.skipped.push_back({slot, kSystemClass});
    else if (node.spec->status == StartStatus::ignore)
      bulk.skipped.push_back({slot, "its status is \"ignore\""});
    else if (node.broken())
      bulk.failed.push_back({slot, reason_text(fault_of(world, slot))}), asked.push_back(slot);
    else if (satisfied(world, slot) && !world.record(slot).skipped)
      continue;
    else if (const std::string trigger = trigger_words(*node.spec); !trigger.empty())
      bulk.skipped.push_back({slot, trigger + " starts it"});
    else
      bulk.done.push_back(slot);
  }
  append(asked, bulk.done);
  request_pull(world, asked);
  return bulk;
}

Bulk request_stop_all(World& world) {
  const auto is_up = [&](Slot slot) {
    return world.record(slot).wish == Wish::up || active(world, slot);
  };
  Bulk bulk = pass_over_system(*world.graph, is_up);
  std::erase_if(bulk.done, [&](Slot slot) { return !is_up(slot); });
  for (const Slot slot : bulk.done) take_down(world, slot);
  return bulk;
}

Bulk choose_delete_all(const Graph& graph) {
  Bulk bulk = pass_over_system(graph, [](Slot) { return true; });
  std::erase_if(bulk.done, [&](Slot slot) {
    if (!graph.spec(slot).inherit_streams) return false;
    bulk.skipped.push_back({slot, "it is the command from zinit's command line"});
    return true;
  });
  return bulk;
}

Slots request_shutdown(World& world, bool switching) {
  world.shutdown = true;
  world.switching = switching;
  for (const Slot slot : world.graph->order())
    if (!stays_up(world, slot)) no_longer_wish(world.record(slot));
  return world.graph->order();
}

Slots end_switch(World& world) {
  world.shutdown = false;
  world.stop_limit = Milliseconds::max();
  return world.graph->order();
}

Slots settle_switch(World& world) {
  world.switching = false;
  return world.graph->order();
}

}  // namespace zinit
