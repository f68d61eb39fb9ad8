// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The predicates of the decision table.
#include "model/predicates.hpp"

#include <algorithm>

#include "base/lists.hpp"
#include "model/decide.hpp"

namespace zinit {

namespace {

bool is_dependency_reason(const Record& record) {
  return record.reason.type == ReasonType::missing_dependency ||
         record.reason.type == ReasonType::dependency_failed;
}

/// Blocked while its first command is being spawned: it counts as starting.
bool being_spawned(const Record& record) {
  return record.state == State::blocked && record.process == Process::launching;
}

/// It has failed with the wish up, and no request is left that would start it again.
bool failed_untried(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.state == State::failed && record.wish == Wish::up && !wanted(world, slot);
}

/// Whether a service that failed because of a dependency still has a cause: a service that it
/// requires, at any depth, is missing or has failed for a fault of its own. The search goes through
/// services that failed because of a dependency themselves.
bool chain_at_fault(const World& world, Slot slot) {
  Search& search = world.searches.fault;
  search.begin(world.graph->slots());
  search.visit(slot);
  for (Slot at; search.next(at);) {
    if (!world.node(at).missing->empty()) return true;
    for (const Slot required : world.node(at).requires_) {
      if (!failed_untried(world, required)) continue;
      const Record& record = world.record(required);
      if (has_process(record) || !is_dependency_reason(record)) return true;
      search.visit(required);
    }
  }
  return false;
}

bool conflicting_one_active(const World& world, Slot slot) {
  return std::ranges::any_of(world.node(slot).conflicts,
                             [&](Slot other) { return active(world, other); });
}

/// The stop under way will end in `failed`, without another try.
bool about_to_fail(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.try_ != Try::none || record.stop_owed) return false;
  if (self_caused(record) && !record.again) return true;
  const Node& node = world.node(slot);
  return !node.missing->empty() || std::ranges::any_of(node.requires_, [&](Slot required) {
    return failed_for_good(world, required);
  });
}

/// Whether a service in a chain of dependencies is going to start.
enum class Outlook {
  no,
  yes,
  as_required,  // yes, if every required service is satisfied or says yes
};

/// It is starting, running, stopping or being spawned, or holds something: its dependencies do not
/// matter any more.
bool under_way(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.state == State::starting || record.state == State::running ||
         record.state == State::stopping || being_spawned(record) || holds(world, slot);
}

Outlook under_way_outlook(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.state == State::starting || being_spawned(record)) return Outlook::yes;
  if (record.state == State::stopping) {
    return about_to_fail(world, slot) ? Outlook::no : Outlook::yes;
  }
  const bool again = runs(record, world.spec(slot)) ? record.stop_owed : wanted(world, slot);
  return again ? Outlook::yes : Outlook::no;
}

Outlook coming_outlook(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.wish == Wish::down) return Outlook::no;
  if (has_ended(world, slot)) return Outlook::yes;  // if it fails, what requires it fails, too
  if (under_way(world, slot)) return under_way_outlook(world, slot);
  if (!to_start(world, slot) || conflicting_one_active(world, slot)) return Outlook::no;
  return Outlook::as_required;
}

Outlook first_try_outlook(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.wish == Wish::down) return Outlook::no;
  if (under_way(world, slot)) return under_way_outlook(world, slot);
  if (!to_start(world, slot)) return Outlook::no;
  // A delay counts even when it is over: otherwise the service would count as in its first try
  // again between the end of the delay and the spawn.
  const bool delayed = record.state == State::blocked && record.delay_until != TimePoint{} &&
                       record.try_ == Try::none;
  if (delayed || held(world, slot)) return Outlook::no;
  return Outlook::as_required;
}

template <class OutlookOf>
bool all_in_chain(const World& world, Slot slot, Search& search, OutlookOf outlook_of) {
  search.begin(world.graph->slots());
  search.visit(slot);
  for (Slot at; search.next(at);) {
    const Outlook outlook = outlook_of(world, at);
    if (outlook == Outlook::no) return false;
    if (outlook == Outlook::yes) continue;
    if (!world.node(at).missing->empty()) return false;
    for (const Slot required : world.node(at).requires_) {
      if (!satisfied(world, required)) search.visit(required);
    }
  }
  return true;
}

/// It is being stopped on request, so conflicting services can start soon.
bool gives_way(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.wish == Wish::down && active(world, slot) && !at_rest(record.state);
}

}  // namespace

bool has_process(const Record& record) {
  return record.process == Process::launching || record.process == Process::alive ||
         record.process == Process::lingering || record.process == Process::held;
}

bool rests(const Record& record) {
  return at_rest(record.state) && !(record.state == State::exited && record.stop_owed);
}

bool done_oneshot(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.state == State::exited && record.done && world.spec(slot).oneshot;
}

bool holds(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.state == State::exited && record.process == Process::held) return true;
  return done_oneshot(world, slot) && !world.spec(slot).stop_exec->argv.empty();
}

bool wanted(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.wish == Wish::down) return false;
  if (record.stop_owed || record.try_ == Try::asked) return true;
  return record.try_ == Try::pulled && !(world.spec(slot).oneshot && record.done);
}

bool revivable(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.state == State::failed && record.wish == Wish::up && is_dependency_reason(record) &&
         !chain_at_fault(world, slot);
}

bool to_start(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.wish == Wish::down) return false;
  if (record.state == State::blocked) return true;
  return nothing_left(world, slot) && (wanted(world, slot) || revivable(world, slot));
}

bool runs(const Record& record, const ServiceSpec& spec) {
  return record.state == State::running && (!spec.has_process() || checked_now(record));
}

bool has_ended(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.state == State::running && !runs(record, world.spec(slot));
}

bool satisfied(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (record.wish == Wish::down || record.stop_owed || world.node(slot).removed) return false;
  if (record.state == State::running) return runs(record, world.spec(slot));
  if (record.state == State::inactive) return record.skipped && record.try_ == Try::none;
  // The exit code is not enough: a oneshot that was stopped on request may exit with 0, too.
  return done_oneshot(world, slot) && record.try_ != Try::asked;
}

bool failed_for_good(const World& world, Slot slot) {
  if (!failed_untried(world, slot)) return false;
  const Record& record = world.record(slot);
  if (has_process(record) || !is_dependency_reason(record)) return true;
  return chain_at_fault(world, slot);
}

bool kept(const World& world, Slot slot) {
  if (satisfied(world, slot)) return true;
  const Record& record = world.record(slot);
  if (record.wish == Wish::down || record.stop_owed || world.node(slot).removed) return false;
  switch (record.state) {
    case State::blocked:
    case State::starting: return record.respawn;
    case State::running: return true;  // its process has ended, and post_exec runs
    case State::stopping: return record.again;
    case State::inactive: return record.skipped;
    case State::exited: return done_oneshot(world, slot) && record.try_ == Try::asked;
    default: return false;
  }
}

bool stays_up(const World& world, Slot slot) {
  return world.switching && world.spec(slot).survive && world.record(slot).wish == Wish::up;
}

bool is_lost(const World& world, Slot required, bool bound) {
  return bound ? !satisfied(world, required) : !kept(world, required);
}

bool dependency_lost(const World& world, Slot slot) {
  if (stays_up(world, slot)) return false;
  const Node& node = world.node(slot);
  return !node.missing->empty() || std::ranges::any_of(node.requires_, [&](Slot required) {
    return is_lost(world, required, node.binds(required));
  });
}

bool unneeded(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  if (!world.spec(slot).lifecycle.stop_when_unneeded || record.wish == Wish::down || record.named ||
      !record.needed)
    return false;
  const auto is_up = [&](Slot other) {
    const Record& above = world.record(other);
    if (active(world, other) || satisfied(world, other)) return true;
    if (above.wish == Wish::down) return false;
    const bool revived_later = above.state == State::failed && is_dependency_reason(above);
    return above.state == State::blocked || wanted(world, other) || revived_later;
  };
  const Node& node = world.node(slot);
  return std::ranges::none_of(node.required_by, is_up) &&
         std::ranges::none_of(node.wanted_by, is_up);
}

bool active(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  return record.state == State::starting || record.state == State::running ||
         record.state == State::stopping || has_process(record) || holds(world, slot);
}

bool nothing_left(const World& world, Slot slot) {
  return at_rest(world.record(slot).state) && !active(world, slot);
}

bool in_the_way(const World& world, Slot slot) {
  const Record& record = world.record(slot);
  switch (record.state) {
    case State::starting:
    case State::running:
    case State::stopping: return true;
    case State::blocked: return record.process == Process::launching || record.wish == Wish::down;
    case State::failed: return record.wish == Wish::down && !has_process(record);
    case State::exited:
      if (holds(world, slot) || (record.stop_owed && done_oneshot(world, slot))) return true;
      return record.wish == Wish::down && (record.done || record.by_itself);
    case State::inactive: return false;
  }
  return false;
}

bool bound_down(const World& world, Slot slot) {
  return std::ranges::all_of(world.node(slot).required_by, [&](Slot other) {
    return !world.node(other).binds(slot) || stays_up(world, other) || !in_the_way(world, other);
  });
}

bool dependents_down(const World& world, Slot slot) {
  const auto out_of_the_way = [&](Slot other) {
    return stays_up(world, other) || !in_the_way(world, other);
  };
  const Node& node = world.node(slot);
  return std::ranges::all_of(node.required_by, out_of_the_way) &&
         (!world.shutdown || std::ranges::all_of(node.ordered_before, out_of_the_way));
}

Claim claim(const World& world, Slot slot) {
  Claim result{1, world.record(slot).rank, world.node(slot).load_order};
  Search& search = world.searches.claim;
  search.begin(world.graph->slots());
  search.visit(slot);
  for (Slot at; search.next(at);) {
    const Record& record = world.record(at);
    if (record.respawn) result.respawn = 0;
    result.rank = std::min(result.rank, record.rank);
    for (const Slot dependent : world.node(at).required_by) {
      if (world.record(dependent).wish == Wish::up) search.visit(dependent);
    }
  }
  return result;
}

bool coming(const World& world, Slot slot) {
  return all_in_chain(world, slot, world.searches.coming, coming_outlook);
}

bool held_by(const World& world, Slot slot, Slot other) {
  if (active(world, other)) return true;
  return to_start(world, other) && coming(world, other) && claim(world, other) < claim(world, slot);
}

bool held(const World& world, Slot slot) {
  return std::ranges::any_of(world.node(slot).conflicts,
                             [&](Slot other) { return held_by(world, slot, other); });
}

bool first_try(const World& world, Slot slot) {
  return all_in_chain(world, slot, world.searches.first_try, first_try_outlook);
}

bool of_earlier_run(const World& world, Slot slot, Slot above) {
  const bool goes = !world.record(slot).respawn || world.node(above).binds(slot);
  return goes && active(world, above) && !stays_up(world, above) &&
         world.record(above).state != State::failed;
}

bool may_start(const World& world, Slot slot, TimePoint now) {
  const Record& record = world.record(slot);
  const Node& node = world.node(slot);
  if (world.shutdown || record.wish == Wish::down || has_process(record)) return false;
  if (record.delay_until > now || !node.missing->empty()) return false;
  const auto all = [](const SlotList& slots, auto test) {
    return std::ranges::all_of(slots, test);
  };
  return all(node.requires_, [&](Slot required) { return satisfied(world, required); }) &&
         all(node.after, [&](Slot earlier) { return !first_try(world, earlier); }) &&
         all(node.required_by, [&](Slot above) { return !of_earlier_run(world, slot, above); }) &&
         !held(world, slot);
}

bool policy_says_again(const ServiceSpec& spec, bool good) {
  switch (spec.lifecycle.restart) {
    case RestartPolicy::always: return true;
    case RestartPolicy::on_failure: return !good;
    case RestartPolicy::never: return false;
  }
  return false;
}

Reason fault_of(const World& world, Slot slot) {
  const Node& node = world.node(slot);
  if (node.broken()) {
    Reason reason{ReasonType::config_error, 0, {}, node.spec->findings->errors};
    reason.messages.insert(reason.messages.end(), node.faults->begin(), node.faults->end());
    return reason;
  }
  if (!node.missing->empty()) {
    Reason reason{ReasonType::missing_dependency, 0, node.missing->front(), {}};
    const std::string* link = world.graph->masked_by(reason.text);
    if (link != nullptr) reason.messages.push_back(*link);
    return reason;
  }
  for (const Slot required : node.requires_) {
    if (failed_for_good(world, required)) {
      return {ReasonType::dependency_failed, 0, world.graph->name(required), {}};
    }
  }
  return {};
}
bool self_caused(const Record& record) {
  return record.cause == StopCause::late || record.cause == StopCause::unhealthy ||
         record.cause == StopCause::watchdog || record.cause == StopCause::ready_exec;
}

bool restarts_left(const World& world, Slot slot, TimePoint now) {
  const Lifecycle& lifecycle = world.spec(slot).lifecycle;
  const Record& record = world.record(slot);
  if (lifecycle.max_restarts == 0) return true;
  return stable(record, lifecycle, now) || record.count < lifecycle.max_restarts;
}

// With a period of 0 every process counts as stable, even if it was never seen running: chance
// decides whether a process that ends at once is seen running.
bool stable(const Record& record, const Lifecycle& lifecycle, TimePoint now) {
  if (lifecycle.stability_period == Milliseconds{0}) return true;
  return record.ready_at != TimePoint{} &&
         now >= after(record.ready_at, lifecycle.stability_period);
}

bool contains(const EndSet& set, const ProcessEnd& end) {
  const auto& values = end.by_signal ? set.signals : set.codes;
  return contains(values, end.value);
}

bool good_end(const ServiceSpec& spec, const ProcessEnd& end) {
  return (!end.by_signal && end.value == 0) || contains(*spec.lifecycle.success, end);
}

bool held_up(const World& world, Slot slot, FunctionRef<bool(Slot)> settled) {
  const Record& record = world.record(slot);
  const Node& node = world.node(slot);
  if (record.process == Process::launching) return false;
  const auto keeps_it = [&](Slot other) {
    return held_by(world, slot, other) && !gives_way(world, other);
  };
  if (record.delay_until != TimePoint{} || !node.missing->empty() ||
      std::ranges::any_of(node.conflicts, keeps_it))
    return true;
  Search& looked_at = world.searches.required;
  looked_at.begin(world.graph->slots());
  for (const Slot required : node.requires_) {
    looked_at.mark(required);
    if (!satisfied(world, required) && settled(required)) return true;
  }
  return std::ranges::any_of(node.after, [&](Slot earlier) {
    return !looked_at.has(earlier) && first_try(world, earlier) && settled(earlier);
  });
}

bool settled(const World& world, Slot slot, TimePoint now) {
  return SettledQuestions(world, now).ask(slot);
}

SettledQuestions::SettledQuestions(const World& world, TimePoint now) : world_(world), now_(now) {
  const std::size_t slots = world.graph->slots();
  World::Searches& searches = world.searches;
  searches.known_settled.begin(slots);
  searches.known_waiting.begin(slots);
  if (searches.came_from.size() < slots) searches.came_from.resize(slots, kNoSlot);
}

bool SettledQuestions::ask(Slot slot) {
  if (world_.record(slot).process == Process::launching) return false;
  if (!decide(Situation{world_, slot, now_}).waits()) return false;
  const State state = world_.record(slot).state;
  // It waits for its dependents to stop, and will take a step then.
  if (world_.record(slot).wish == Wish::down && in_the_way(world_, slot)) return false;
  if (state == State::blocked) return blocked_by_settled(slot);
  return rests(world_.record(slot)) || runs(world_.record(slot), world_.spec(slot));
}

/// A blocked service is settled if something that holds it back is settled. The search goes on
/// through services that are blocked themselves.
bool SettledQuestions::blocked_by_settled(Slot slot) {
  World::Searches& searches = world_.searches;
  Search& search = searches.settled;
  search.begin(world_.graph->slots());
  search.visit(slot);
  searches.came_from[slot] = kNoSlot;
  searches.looked_at.clear();
  for (Slot at; search.next(at);) {
    searches.looked_at.push_back(at);
    if (searches.known_settled.has(at) ||
        held_up(world_, at, [&](Slot other) { return settled_or_visited(at, other); })) {
      mark_way_to(at);
      return true;
    }
  }
  for (const Slot at : searches.looked_at) searches.known_waiting.mark(at);
  return false;
}

/// Whether `other`, which `at` waits for, is settled. If `other` is blocked, the answer depends on
/// further services: `other` is added to the search, and the answer is false for now.
bool SettledQuestions::settled_or_visited(Slot at, Slot other) {
  World::Searches& searches = world_.searches;
  if (searches.known_waiting.has(other)) return false;
  if (!decide(Situation{world_, other, now_}).waits()) return false;
  const State state = world_.record(other).state;
  if (state != State::blocked) return rests(world_.record(other));
  if (!searches.settled.has(other)) searches.came_from[other] = at;
  searches.settled.visit(other);
  return false;
}

/// Marks as settled `at` and all services on the search's path to it, because they wait for it.
void SettledQuestions::mark_way_to(Slot at) {
  for (; at != kNoSlot; at = world_.searches.came_from[at]) world_.searches.known_settled.mark(at);
}

}  // namespace zinit
