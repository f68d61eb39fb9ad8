// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Conditions of a service that is about to start. Checking them is a launch before its first
// command: it needs a place to spawn and runs without the lock. Meanwhile the service is blocked
// and its process is `launching`, as in any launch, so the model sees only the outcome. A command
// (exec of [condition]) runs as a side command. No thread waits for it; its end ends the launch. If
// all conditions hold, decide() is called again, and the service is launched only if that is still
// its step: within ten seconds it may lose a dependency, or a conflicting service may be started.
//
// After a re-execution the launch starts again with the conditions. A command left from before is
// killed. It only asks a question, so it may run twice.
#include "supervisor/condition_checks.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "os/conditions.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kConditionTime{10000};

// The time that killed processes get to disappear.
constexpr Milliseconds kTimeToGo{1000};

/// The row that starts a service.
const Row& first_launch_row() {
  return *std::ranges::find(decision_rows(), Act::launch, &Row::act);
}

bool runs_now(ConditionCheck check) {
  return check == ConditionCheck::runs || check == ConditionCheck::outdated;
}

}  // namespace

bool ConditionChecks::awaited(const Job& job, const Row& row) const {
  return row.act == Act::launch && job.condition_check != ConditionCheck::held &&
         core_.world.spec(job.slot).condition->configured();
}

/// The start under way also satisfies a request for a start that came meanwhile.
bool ConditionChecks::still_to_start(const Job& job) {
  if (job.condition_check == ConditionCheck::outdated) return false;
  Record& record = core_.world.record(job.slot);
  const Process process = std::exchange(record.process, Process::none);
  const Try asked = std::exchange(record.try_, Try::none);
  const Step step = decide(Situation{core_.world, job.slot, Clock::now()});
  record.process = process;
  record.try_ = asked;
  return step.row != nullptr && step.row->act == Act::launch;
}

void ConditionChecks::end_unwanted(Job& job) {
  if (!runs_now(job.condition_check) || job.launch || job.side.all().empty()) return;
  if (job.side.condition().pid() != 0 && !still_to_start(job)) job.side.condition().kill();
}

void ConditionChecks::changed(Job& job) {
  job.condition_check =
      runs_now(job.condition_check) ? ConditionCheck::outdated : ConditionCheck::none;
  core_.make_due(job);
}

void ConditionChecks::launched(Job& job, const LaunchOrder& order, Launch& launch,
                               const LaunchUnderWay::EarlyEnd* early) {
  const pid_t pid = std::max(launch.child.pid, 0);  // -1: no command was launched
  if (pid != 0 || launch.cgroup) core_.launches.note(job, launch);
  job.conditions = std::move(launch.conditions);
  if (pid == 0) return over(job, launch.outcome);
  job.condition_spec = order.spec;
  SideCommand& side = job.side.condition();
  side.order(0);
  side.launched(pid);
  if (early != nullptr) return core_.sides.ended(job, side, early->end, early->remains);
  job.begin_limit(side, kConditionTime);
  core_.store(job.slot);
  end_unwanted(job);
}

/// Its group was killed with it; this kills processes that have left the group. If the command was
/// given up, the service's cgroup may have its main process by now.
void ConditionChecks::ended(Job& job, const ProcessEnd& end) {
  if (!job.condition_spec) return;
  core_.stops.kill_cgroup(job);
  const bool told = !end.by_signal;  // a killed command has no result
  command_over(job, told, end.value == 0, end == ProcessEnd{} ? "" : end_text(end));
}

void ConditionChecks::late(Job& job) {
  if (job.condition_result) return result_found(job);
  core_.stops.kill_cgroup(job);
  command_over(job, false, false,
               fmt::format("took longer than {}", duration_text(kConditionTime.count())));
}

/// `told`: the command ended by itself; `good`: with exit code 0.
void ConditionChecks::command_over(Job& job, bool told, bool good, const std::string& remark) {
  if (job.condition_result) return look_at(job);  // its time was already over
  const ConditionCommand& exec = job.condition_spec->condition->exec;
  job.condition_result = std::make_unique<ConditionResult>(
      ConditionResult{command_condition(exec, remark), told && good != exec.negated});
  look_at(job);
}

// The next launch gets a new cgroup only if this one is empty. From Linux 6.14 on, a process
// created in a cgroup that was killed before may be killed as well.
void ConditionChecks::look_at(Job& job) {
  SideCommand& side = job.side.condition();
  const auto left = [&] { return !side.gone() || job.cgroup.populated(); };
  if (left()) {
    // The end of the command removes its limit, also after a timeout.
    if (side.deadline() == kNever) job.begin_limit(side, kTimeToGo);
    job.cgroup.watch_end();
    if (left()) return core_.make_due(job);  // it may have ended before the watch began
  }
  job.cgroup.emptied();
  result_found(job);
}

/// A command that was killed because there will be no start has no result.
void ConditionChecks::result_found(Job& job) {
  job.side.condition().limit(kNever);
  job.condition_spec.reset();
  const std::unique_ptr<ConditionResult> found = std::move(job.condition_result);
  LaunchOutcome outcome;
  if (still_to_start(job)) {
    if (!found->held)
      outcome = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, found->text, {}}};
    job.conditions.edit().push_back(std::move(*found));
  }
  over(job, outcome);
}

void ConditionChecks::over(Job& job, const LaunchOutcome& outcome) {
  const bool held = outcome.kind == LaunchOutcome::Kind::started;
  const bool goes_on = still_to_start(job);
  job.condition_check = held && goes_on ? ConditionCheck::held : ConditionCheck::none;
  keep(job);
  core_.make_due(job);
  if (held || !goes_on) {
    abandon_launch(core_.world, job.slot);
    return core_.tell_neighbours({&job.slot, 1});
  }
  core_.enter(job, first_launch_row(), outcome);
  if (outcome.kind == LaunchOutcome::Kind::exhausted)
    core_.launches.tell_exhausted(job.slot, outcome.reason);
}

void ConditionChecks::tell(Slot slot, WhyReport& report) const {
  const Job& job = *core_.jobs[slot];
  const auto own = [&](std::string_view kind) {
    return std::ranges::find(report.reasons, kind, &WhyReason::kind);
  };
  if (runs_now(job.condition_check)) {
    const auto pending = own("pending");
    if (pending != report.reasons.end()) {
      pending->kind = "condition";
      pending->detail = job.condition_spec ? "the command of its condition runs"
                                           : "its conditions are being checked";
    }
    return;
  }
  const auto unmet = own("condition");
  if (unmet == report.reasons.end() || !core_.world.record(slot).skipped || job.conditions->empty())
    return;
  WhyReason one = std::move(*unmet);
  report.reasons.erase(unmet);
  for (const bool held : {false, true}) {
    for (const ConditionResult& result : *job.conditions) {
      if (result.held != held) continue;
      one.detail =
          held ? fmt::format("condition {} holds", result.text)
               : fmt::format("condition {} does not hold; `zinitctl start {}` checks it again",
                             result.text, report.name);
      report.reasons.push_back(one);
    }
  }
}

// --- over a re-execution ---

void ConditionChecks::end_left(Job& job) {
  SideCommand& side = job.side.condition();
  side.kill();
  Record& record = core_.world.record(job.slot);
  if (record.state != State::blocked || record.process != Process::none) return;
  record.process = Process::launching;
  job.condition_check = ConditionCheck::outdated;
  job.condition_spec = core_.world.node(job.slot).spec;
  job.begin_limit(side, kTimeToGo);
}

/// Texts of conditions have no line ends.
void ConditionChecks::keep(const Job& job) {
  std::string value;
  for (const ConditionResult& result : *job.conditions)
    value += fmt::format("{}{}\n", result.held ? '+' : '-', result.text);
  core_.keep(SlotFact::conditions, job.slot, value);
}

void ConditionChecks::restore(Slot slot, const FactMap& kept) {
  for (const std::string_view line : split(slot_fact(kept, SlotFact::conditions, slot), '\n'))
    if (line.size() > 1)
      core_.jobs[slot]->conditions.edit().push_back(
          {std::string(line.substr(1)), line.front() == '+'});
}

}  // namespace zinit
