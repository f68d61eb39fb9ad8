// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes copies of the board's state for clients.

#include "model/predicates.hpp"
#include "os/conditions.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

/// In these states the age of its process is its uptime. It need not be ready: this is not runs().
bool has_uptime(const Record& record) {
  return record.state == State::starting || record.state == State::running ||
         record.state == State::stopping;
}

/// The reason of a service that rests and has not failed. A fault of its file stays after a stop; a
/// fault that was corrected since the record was made is dropped.
Reason reason_at_rest(const World& world, Slot slot) {
  if (world.node(slot).broken()) return fault_of(world, slot);
  const Reason& reason = world.record(slot).reason;
  return reason.type == ReasonType::config_error ? Reason() : reason;
}

}  // namespace

std::vector<std::string> warnings_of(const Graph& graph, const Node& node) {
  std::vector<std::string> warnings = node.spec->findings->warnings;
  const auto add = [&](const std::vector<std::string>& names, std::string_view what) {
    for (const std::string& name : names) {
      const std::string* link = graph.masked_by(name);
      warnings.push_back(
          fmt::format("{}: [dependencies] names {}, which {}: {}", node.spec->name, name,
                      link == nullptr ? "does not exist" : "is masked by " + *link, what));
    }
  };
  add(*node.missing, "it cannot start");
  add(*node.unknown, "ignored");
  return warnings;
}

ServiceView BoardCore::view_of(Slot slot, TimePoint now, SettledQuestions& settled) const {
  const Node& node = world.node(slot);
  const Record& record = world.record(slot);
  const Job& job = *jobs[slot];
  ServiceView view;
  view.slot = slot;
  view.spec = node.spec;
  view.record = record;
  if (at_rest(record.state) && record.state != State::failed)
    view.record.reason = reason_at_rest(world, slot);
  view.summary = summary(world, slot);
  view.removed = node.removed;
  view.settled = settled.ask(slot);
  view.failed_for_good =
      (node.spec->critical || node.spec->acts_on_failure()) && failed_for_good(world, slot);
  view.pid = job.process.pid();
  view.held = job.held.pids();
  if (job.cgroup.in_use()) view.cgroup = job.cgroup.path();
  view.main_pid = main_pid(job);
  view.since_us = job.times.since_us;
  view.last_start_us = job.times.last_start_us;
  view.earlier_start_us = job.earlier_start_us;
  view.started = job.started;
  view.last_ready_us = job.times.last_ready_us;
  view.last_stop_us = job.times.last_stop_us;
  view.killer = *job.killer;
  view.ended_for = *job.ended_for;
  const bool up = node.spec->has_process() ? view.pid != 0 && has_uptime(record)
                                           : record.state == State::running;
  if (up) view.uptime_ms = ms_between(job.started, now);
  if (view.main_pid != 0) view.status_text = *job.status_text;
  view.conditions = *job.conditions;
  if (job.condition_spec && !job.condition_result)
    view.condition_under_way = command_condition(job.condition_spec->condition->exec, {});
  view.restart_count = job.times.restart_count;
  if (record.state == State::blocked && record.delay_until > now) {
    view.restart_in_ms = ms_between(now, record.delay_until);
  }
  for (const AddedEdge& edge : *node.added) {
    const ServiceSpec& other = world.spec(edge.to);
    view.added.push_back({edge.kind, other.name, other.file});
  }
  for (const Slot other : node.required_by)
    (world.node(other).binds(slot) ? view.bound_by : view.required_by)
        .push_back(world.graph->name(other));
  if (record.state == State::blocked) {
    view.waiting_on = waiting_on(world, slot, now);
    for (const Waiting& waiting : view.waiting_on) {
      if (waiting.kind == "conflicts") view.conflicts_with.push_back(waiting.name);
    }
  }
  view.warnings = warnings_of(*world.graph, node);
  if (record.unheard && view.pid != 0)
    view.warnings.push_back(fmt::format("{}: {}", node.spec->name, kUnheardWords));
  add_resource_warnings(*node.spec, *job.resource_faults, view.without_effect);
  view.warnings.insert(view.warnings.end(), view.without_effect.begin(), view.without_effect.end());
  return view;
}

void BoardCore::add_resource_warnings(const ServiceSpec& spec, std::vector<std::string> faults,
                                      std::vector<std::string>& warnings) const {
  if (cgroups.tree() == nullptr && *spec.resources != Resources{}) {
    warnings.push_back(
        fmt::format("{}: [resources] has no effect: zinit has no cgroups here", spec.name));
  }
  if (faults.empty() && cgroups.tree() != nullptr)
    faults = cgroups.tree()->missing_for(*spec.resources);
  for (const std::string& fault : faults)
    warnings.push_back(fmt::format("{}: {}", spec.name, fault));
}

}  // namespace zinit
