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

bool BoardCore::awaits_conditions(const Job& job, const Row& row) {
  return row.act == Act::launch && job.condition_check != ConditionCheck::held &&
         world.spec(job.slot).condition->configured();
}

/// The start under way also satisfies a request for a start that came meanwhile.
bool BoardCore::still_to_start(const Job& job) {
  if (job.condition_check == ConditionCheck::outdated) return false;
  Record& record = world.record(job.slot);
  const Process process = std::exchange(record.process, Process::none);
  const Try asked = std::exchange(record.try_, Try::none);
  const Step step = decide(Situation{world, job.slot, Clock::now()});
  record.process = process;
  record.try_ = asked;
  return step.row != nullptr && step.row->act == Act::launch;
}

void BoardCore::end_unwanted_condition(Job& job) {
  if (!runs_now(job.condition_check) || job.launch || job.side.all().empty()) return;
  if (job.side.condition().pid() != 0 && !still_to_start(job)) job.side.condition().kill();
}

/// A reload has changed the conditions: the results of the present check do not count.
void BoardCore::conditions_changed(Job& job) {
  job.condition_check =
      runs_now(job.condition_check) ? ConditionCheck::outdated : ConditionCheck::none;
  make_due(job);
}

void BoardCore::conditions_launched(Job& job, const LaunchOrder& order, Launch& launch,
                                    const EarlyEnd* early) {
  const pid_t pid = std::max(launch.child.pid, 0);  // -1: no command was launched
  if (pid != 0 || launch.cgroup) note_launch(job, launch);
  job.conditions = std::move(launch.conditions);
  if (pid == 0) return conditions_over(job, launch.outcome);
  job.condition_spec = order.spec;
  SideCommand& side = job.side.condition();
  side.order(0);
  side.launched(pid);
  if (early != nullptr) return side_ended(job, side, early->end, early->remains);
  job.clock_seen = Clock::now();  // its time limit begins
  side.limit(after(job.clock_seen, kConditionTime));
  store(job.slot);
  end_unwanted_condition(job);
}

/// Its group was killed with it; this kills processes that have left the group.
void BoardCore::condition_ended(Job& job, const ProcessEnd& end) {
  kill_cgroup(job);
  const bool told = !end.by_signal;  // a killed command has no result
  command_over(job, told, end.value == 0, end == ProcessEnd{} ? "" : end_text(end));
}

/// The command took too long; or it was killed and some of it still exists. That rest is not waited
/// for any longer: it may hang where SIGKILL does not reach it.
void BoardCore::condition_late(Job& job) {
  if (job.condition_result) return result_found(job);
  kill_cgroup(job);
  command_over(job, false, false,
               fmt::format("took longer than {}", duration_text(kConditionTime.count())));
}

/// `told`: the command ended by itself; `good`: with exit code 0.
void BoardCore::command_over(Job& job, bool told, bool good, const std::string& remark) {
  if (!job.condition_spec) return;                          // it was given up
  if (job.condition_result) return look_at_condition(job);  // its time was already over
  const ConditionCommand& exec = job.condition_spec->condition->exec;
  job.condition_result = std::make_unique<ConditionResult>(
      ConditionResult{command_condition(exec, remark), told && good != exec.negated});
  look_at_condition(job);
}

// The next launch gets a new cgroup only if this one is empty. From Linux 6.14 on, a process
// created in a cgroup that was killed before may be killed as well.
void BoardCore::look_at_condition(Job& job) {
  SideCommand& side = job.side.condition();
  const auto left = [&] { return !side.gone() || job.cgroup.populated(); };
  if (left()) {
    // The end of the command removes its limit, also after a timeout.
    if (side.deadline() == kNever) side.limit(after(Clock::now(), kTimeToGo));
    job.cgroup.watch_end();
    if (left()) return make_due(job);  // it may have ended before the watch began
  }
  job.cgroup.emptied();
  result_found(job);
}

/// A command that was killed because there will be no start has no result.
void BoardCore::result_found(Job& job) {
  job.side.condition().limit(kNever);
  job.condition_spec.reset();
  const std::unique_ptr<ConditionResult> found = std::move(job.condition_result);
  LaunchOutcome outcome;
  if (still_to_start(job)) {
    if (!found->held)
      outcome = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, found->text, {}}};
    job.conditions.edit().push_back(std::move(*found));
  }
  conditions_over(job, outcome);
}

void BoardCore::conditions_over(Job& job, const LaunchOutcome& outcome) {
  const bool held = outcome.kind == LaunchOutcome::Kind::started;
  const bool goes_on = still_to_start(job);
  job.condition_check = held && goes_on ? ConditionCheck::held : ConditionCheck::none;
  keep_conditions(job);
  make_due(job);
  if (held || !goes_on) {
    abandon_launch(world, job.slot);
    return tell_neighbours({&job.slot, 1});
  }
  enter(job, first_launch_row(), outcome);
  if (outcome.kind == LaunchOutcome::Kind::exhausted) tell_exhausted(job.slot, outcome.reason);
}

void BoardCore::tell_conditions(Slot slot, WhyReport& report) const {
  const Job& job = *jobs[slot];
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
  if (unmet == report.reasons.end() || !world.record(slot).skipped || job.conditions->empty())
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

/// The launch is made again, so its conditions are checked again, but only after the old command
/// has gone: a new process in its cgroup might be killed with it.
void BoardCore::end_left_condition(Job& job) {
  SideCommand& side = job.side.condition();
  side.kill();
  Record& record = world.record(job.slot);
  if (record.state != State::blocked || record.process != Process::none) return;
  record.process = Process::launching;
  job.condition_check = ConditionCheck::outdated;
  job.condition_spec = world.node(job.slot).spec;
  job.clock_seen = Clock::now();
  side.limit(after(job.clock_seen, kTimeToGo));
}

/// Texts of conditions have no line ends.
void BoardCore::keep_conditions(const Job& job) {
  std::string value;
  for (const ConditionResult& result : *job.conditions)
    value += fmt::format("{}{}\n", result.held ? '+' : '-', result.text);
  keep(SlotFact::conditions, job.slot, value);
}

void BoardCore::restore_conditions(Slot slot, const FactMap& kept) {
  for (const std::string_view line : split(slot_fact(kept, SlotFact::conditions, slot), '\n'))
    if (line.size() > 1)
      jobs[slot]->conditions.edit().push_back({std::string(line.substr(1)), line.front() == '+'});
}

}  // namespace zinit
