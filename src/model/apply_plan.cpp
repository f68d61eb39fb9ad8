// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A reload, once it is planned (plan.hpp): what it changes in the records, and what it starts.
#include <algorithm>
#include <utility>

#include "base/lists.hpp"
#include "model/decide.hpp"
#include "model/predicates.hpp"
#include "model/request.hpp"

namespace zinit {

Record initial_record(const Node& node) {
  Record record;
  record.rank = node.load_order;
  if (!node.broken()) return record;
  // It is shown as failed from the beginning, even if nothing starts it.
  record.state = State::failed;
  record.wish = Wish::up;
  record.reason = {ReasonType::config_error, 0, {}, node.spec->findings->errors};
  record.reason.messages.insert(record.reason.messages.end(), node.faults->begin(),
                                node.faults->end());
  return record;
}

namespace {

using Fate = PlannedService::Fate;

/// Facts for apply_plan() about the service that had the slot before.
struct Before {
  bool broken = false;
  bool other_nature = false;  // kind, `oneshot` or `accept` were different
  bool ignored = false;       // its status was `ignore`
  bool at_boot = false;       // ServiceSpec::starts_at_boot()
  bool stood = false;         // stands()
};

/// Whether a service with the wish up requires or wants it. Nothing pulls in one that is ignored.
bool needed_by_others(const World& world, Slot slot) {
  const Node& node = world.node(slot);
  const auto is_up = [&](Slot other) { return world.record(other).wish == Wish::up; };
  return world.spec(slot).status != StartStatus::ignore &&
         (std::ranges::any_of(node.required_by, is_up) ||
          std::ranges::any_of(node.wanted_by, is_up));
}

/// Whether a service that has no process is tried again, because a change may have mended it. A
/// change that turns it off must not start it, nor a change of a service that something triggers,
/// unless another service needs it.
bool tried_again(const World& world, const PlannedService& planned, const Before& before) {
  const Record& record = world.record(planned.slot);
  const ServiceSpec& spec = *planned.spec;
  const bool other_process = planned.fate == Fate::restart;
  if (record.wish != Wish::up) return false;
  if (record.state == State::blocked) return other_process || record.delay_until == TimePoint{};
  const bool off = spec.triggered() || (before.at_boot && !spec.starts_at_boot());
  if (off && !needed_by_others(world, planned.slot)) return false;
  if (record.state == State::failed)
    return other_process || record.reason.type == ReasonType::spawn_error ||
           record.reason.type == ReasonType::port_in_use;
  // A result that belongs to another kind, `oneshot` or `accept` does not count any more.
  return record.skipped || (record.state == State::exited && before.other_nature);
}

/// Applies the plan for one service to its record. Adds the slot to `pulled` if the service must
/// start.
void apply_planned(World& world, const PlannedService& planned, const Before& before,
                   bool start_added, Slots& pulled) {
  const Slot slot = planned.slot;
  Record& record = world.record(slot);
  const bool to_be_started = planned.spec->starts_at_boot() && planned.start && start_added;
  switch (planned.fate) {
    case Fate::unchanged:
    case Fate::waits:
    case Fate::kept: return;
    case Fate::added:
      // If the name is back while its old process still exists, the process stops first.
      if (!active(world, slot)) {
        record = initial_record(world.node(slot));
      } else {
        owe_stop(world, slot);
        if (world.node(slot).broken()) record.wish = Wish::up;  // shown as failed once it is down
      }
      if (to_be_started && !world.node(slot).broken()) pulled.push_back(slot);
      break;
    case Fate::restart:
      // A broken service can become failed, and show its fault, only while its wish is up. If the
      // wish is down, the service was stopped since.
      if (before.broken && record.wish == Wish::up)
        record.wish = to_be_started || world.node(slot).broken() ? Wish::up : Wish::down;
      // A done oneshot without a process to replace stays done, and its dependents keep running.
      if (before.stood || !done_oneshot(world, slot)) owe_stop(world, slot);
      [[fallthrough]];
    case Fate::settings:
      if (tried_again(world, planned, before)) pulled.push_back(slot);
      break;
    case Fate::removed:
      owe_stop(world, slot);
      no_longer_wish(record);
      break;
  }
}

/// Notes that the service is needed if its file adds it to the dependencies of a service with the
/// wish up that did not have it in the graph `old`. If it is not ready, adds it to `pulled`.
void pull_for_new_dependents(World& world, const Graph* old, const PlannedService& planned,
                             Slots& pulled) {
  const Node& node = world.node(planned.slot);
  const auto is_new = [&](Slot dependent, SlotList Node::*edges) {
    if (old == nullptr || !old->used(dependent)) return true;
    const auto& had = old->node(dependent).*edges;
    return !contains(had, planned.slot);
  };
  const bool ready = satisfied(world, planned.slot);
  const auto look = [&](const SlotList& dependents, SlotList Node::*edges) {
    for (const Slot dependent : dependents) {
      if (world.record(dependent).wish != Wish::up || !is_new(dependent, edges)) continue;
      world.record(planned.slot).needed = true;
      if (!ready) pulled.push_back(planned.slot);
    }
  };
  look(node.required_by, &Node::requires_);
  look(node.wanted_by, &Node::wants);
}

/// Adds the service to `pulled` if it is new, or was broken or ignored, and a service with the wish
/// up requires or wants it. If its dependencies have changed and its own wish is up, adds these as
/// well.
void collect_needed(World& world, const Graph* old, const PlannedService& planned,
                    const Before& before, Slots& pulled) {
  const Node& node = world.node(planned.slot);
  const auto needed = [&](Slot other) {
    return !world.node(other).removed && world.spec(other).status != StartStatus::ignore;
  };
  const bool changed = planned.fate == Fate::restart || planned.fate == Fate::settings;
  const bool usable_now =
      planned.fate == Fate::added || (changed && (before.broken || before.ignored));
  if (usable_now && !node.removed && needed_by_others(world, planned.slot)) {
    world.record(planned.slot).needed = true;
    pulled.push_back(planned.slot);
  }
  if (planned.dependencies_changed && needed(planned.slot))
    pull_for_new_dependents(world, old, planned, pulled);
  if (planned.dependencies_changed && world.record(planned.slot).wish == Wish::up) {
    for (const auto list : {&Node::requires_, &Node::wants}) {
      for (const Slot other : node.*list) {
        if (!needed(other)) continue;
        world.record(other).needed = true;
        if (!satisfied(world, other)) pulled.push_back(other);
      }
    }
  }
}

}  // namespace

void apply_plan(World& world, const Plan& plan, bool start_added) {
  std::vector<bool> stood(world.records.size(), false);
  if (world.graph)
    for (const Slot slot : world.graph->order()) stood[slot] = stands(world, slot);
  world.records.resize(std::max(world.records.size(), plan.graph->slots()));
  const GraphPtr old = std::exchange(world.graph, plan.graph);
  // The record of a service that has left must not count for another one that gets its slot.
  for (Slot slot = 0; slot < world.records.size(); ++slot) {
    const bool stays = plan.graph->used(slot) && old && old->used(slot) &&
                       old->name(slot) == plan.graph->name(slot);
    if (!stays) world.records[slot] = Record{};
  }
  // Ranks that come from the load order follow the new load order.
  for (const Slot slot : plan.graph->order()) {
    Record& record = world.records[slot];
    if (record.rank >= 0) record.rank = plan.graph->node(slot).load_order;
  }
  const auto before = [&](Slot slot) {
    if (!old || !old->used(slot)) return Before{};
    const ServiceSpec& was = old->spec(slot);
    const ServiceSpec& is = plan.graph->spec(slot);
    return Before{old->node(slot).broken(),
                  was.kind != is.kind || was.oneshot != is.oneshot || was.accepts() != is.accepts(),
                  was.status == StartStatus::ignore, was.starts_at_boot(), stood[slot]};
  };
  Slots pulled;
  const auto gone = [&](const PlannedService& planned) {
    if (!plan.graph->used(planned.slot)) return true;
    // A removed service that was at rest has left the graph, and another may have its slot.
    return planned.fate == Fate::removed && !plan.graph->node(planned.slot).removed;
  };
  for (const PlannedService& planned : plan.services) {
    if (gone(planned)) continue;
    apply_planned(world, planned, before(planned.slot), start_added, pulled);
  }
  for (const PlannedService& planned : plan.services) {
    if (!gone(planned)) collect_needed(world, old.get(), planned, before(planned.slot), pulled);
  }
  request_pull(world, pulled);
}

}  // namespace zinit
