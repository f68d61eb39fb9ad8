// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The simulated boot and shutdown of `zinitctl check --deep`.
#include "config/deep_check.hpp"

#include <map>
#include <string>

#include "base/format.hpp"
#include "base/sort.hpp"
#include "model/rehearsal.hpp"
#include "model/why.hpp"

namespace zinit {

namespace {

void warn(CheckResult& result, const ServiceSpec& spec, std::string text) {
  if (result.around.contains(spec.file)) return;
  result.diagnostics.push_back({spec.file, {1, 1}, Severity::warning, {}, std::move(text)});
}

bool is_up(const Record& record) {
  return record.state == State::running || (record.state == State::exited && record.done);
}

/// The warnings come behind the other diagnostics of their file.
void sort_by_file(CheckResult& result) {
  std::map<std::string, std::size_t> places;
  for (const Diagnostic& one : result.diagnostics) places.emplace(one.file, places.size());
  sort_by(result.diagnostics, [&](const Diagnostic& one) { return places.at(one.file); });
}

/// If no process obeys its stop signal, each dependent takes its whole stop timeout before the next
/// service is stopped. What the time of the shutdown does not reach is killed without being asked.
void judge_shutdown(CheckResult& result, Rehearsal& rehearsal) {
  const Milliseconds begun = rehearsal.passed();
  const std::size_t before = rehearsal.changes().size();
  rehearsal.touched(request_shutdown(rehearsal.world));
  while (rehearsal.proceed()) {}
  const Graph& graph = *rehearsal.world.graph;
  for (std::size_t i = before; i < rehearsal.changes().size(); ++i) {
    const Rehearsal::Change& change = rehearsal.changes()[i];
    const ServiceSpec& spec = graph.spec(change.slot);
    const Milliseconds asked = change.after - begun - spec.lifecycle.stop_timeout;
    if (change.from != State::stopping || !spec.has_process() || asked < result.shutdown_timeout)
      continue;
    warn(result, spec,
         fmt::format("a shutdown may end before this service is stopped: if the services that stop "
                     "before it ignore their stop signals, it gets its own signal after {}, but "
                     "shutdown_timeout_ms is {}",
                     duration_text(asked.count()), duration_text(result.shutdown_timeout.count())));
  }
}

}  // namespace

DeepCheck check_deep(CheckResult& result) {
  DeepCheck deep;
  if (result.errors() > 0 || !result.graph) return deep;
  Rehearsal rehearsal(result.graph);
  rehearsal.ignore_stops();
  // As at a boot, a target that does not exist counts as none.
  rehearsal.touched(request_boot(rehearsal.world, result.graph->find(result.default_target)));
  while (rehearsal.proceed()) {}
  const World& world = rehearsal.world;
  for (const Slot slot : result.graph->order()) {
    const Record& record = world.record(slot);
    if (is_up(record)) ++deep.started;
    if (record.wish == Wish::down || is_up(record)) continue;
    const WhyReport report = why(world, slot, rehearsal.now);
    // What is missing is a warning of its own, with its line.
    if (!report.reasons.empty() && report.reasons.front().kind == "missing") continue;
    std::string because;
    if (!report.reasons.empty()) {
      const WhyReason& first = report.reasons.front();
      because = first.service == report.name
                    ? ": " + first.detail
                    : fmt::format(", because of {}, which {}", first.service, first.detail);
    }
    warn(result, result.graph->spec(slot),
         fmt::format("in a simulated boot it is {} in the end{}", state_name(record.state),
                     because));
  }
  judge_shutdown(result, rehearsal);
  sort_by_file(result);
  deep.done = true;
  return deep;
}

}  // namespace zinit
