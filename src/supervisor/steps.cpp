// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Steps of jobs: decide, perform, enter the state, notify the neighbours.
//
// Every change marks the jobs that it may concern as due (make_due()). Before the thread that made
// the change releases the lock, take_due_steps() empties the list of due jobs. For each job,
// take_all_steps() asks decide() for the row of the decision table until one of these holds:
//
//   - decide() waits: the job's next deadline goes into Job::until, and JobScheduler::attend()
//     finds a thread or the janitor for it.
//   - The row launches a process, which may block in a system call: it goes into Job::to_launch for
//     the job's thread. launches.cpp enters the state once the launch is over.
//   - A launch is already under way: the job waits for its result.
//
// Any other row only changes the record or sends a signal. perform() does this at once, so the next
// caller sees the result. perform() and the ends of launches call enter(), which applies the row to
// the record. tell_transition() then stores times, events and log lines, and tell_neighbours()
// marks those services as due whose decision the new state changes.
//
// Whether a blocked service rests follows from those it waits for. Each job keeps the answer
// (Job::rests), and when it changes the jobs that wait for it look again. So a chain of any length
// costs one look over each of its edges, and no search.
#include <algorithm>

#include "base/kill_point.hpp"
#include "model/predicates.hpp"
#include "model/wake.hpp"
#include "supervisor/core.hpp"
#include "supervisor/messages.hpp"

namespace zinit {

namespace {

bool is_launch(const Row& row) {
  return row.act == Act::launch || row.act == Act::launch_next || row.act == Act::launch_post;
}

}  // namespace

void BoardCore::make_due(Job& job) {
  if (!std::exchange(job.due, true)) due_.push_back(job.slot);
}

/// Each step may make more jobs due, which are appended to the list. There is no recursion: a long
/// chain of services would overflow the stack.
void BoardCore::take_due_steps() {
  do {
    for (std::size_t i = 0; i < due_.size(); ++i) {
      Job* const job = jobs[due_[i]].get();
      if (job == nullptr || !std::exchange(job->due, false)) continue;
      take_steps(*job, Whose::others);
      scheduler.attend(*job);
    }
    due_.clear();
    rounds.go_on();
  } while (!due_.empty());
}

/// Other threads decide as if the job's deadline were still in the future (Whose).
TimePoint BoardCore::decision_time(const Job& job, Whose whose) const {
  const TimePoint now = Clock::now();
  return whose == Whose::own ? now : std::min(now, job.until - TimePoint::duration{1});
}

void BoardCore::take_steps(Job& job, Whose whose) {
  take_all_steps(job, whose);
  const bool rested = std::exchange(job.rests, rests(job));
  note_boot();
  if (job.rests == rested) return;
  // The blocked services that wait for this one rest only if this one rests.
  const Node& node = world.node(job.slot);
  for (const auto* others : {&node.required_by, &node.ordered_before, &node.conflicts})
    for (const Slot other : *others)
      if (jobs[other] && world.record(other).state == State::blocked) make_due(*jobs[other]);
}

/// Whether the service, after its steps, stays as it is until something else changes. Like
/// settled(), but without a search: it uses Job::rests of the services it waits for.
bool BoardCore::rests(const Job& job) {
  const Record& record = world.record(job.slot);
  if (record.process == Process::launching || job.to_launch != nullptr) return false;
  if (record.state != State::blocked) return zinit::rests(record);
  if (record.wish == Wish::down) return false;
  return held_up(world, job.slot, [&](Slot other) REQUIRES(board_lock) {
    const State state = world.record(other).state;
    if (state == State::blocked) return jobs[other] && jobs[other]->rests;
    return zinit::rests(world.record(other)) &&
           decide(Situation{world, other, Clock::now()}).waits();
  });
}

void BoardCore::take_all_steps(Job& job, Whose whose) {
  while (true) {
    job.to_launch = nullptr;
    const TimePoint now = decision_time(job, whose);
    const Record& record = world.record(job.slot);
    if (record.process == Process::launching) {  // the job waits for the launch
      conditions.end_unwanted(job);
      job.until = std::min(job.side.deadline(), now < record.deadline ? record.deadline : kNever);
      return;
    }
    const Step step = decide(Situation{world, job.slot, now});
    if (step.waits()) {
      job.condition_check = ConditionCheck::none;  // a later start checks its conditions again
      job.until = next_look(job, step, now);
      return;
    }
    if (is_launch(*step.row) &&
        (world.spec(job.slot).has_process() || conditions.awaited(job, *step.row))) {
      job.to_launch = step.row;
      job.until = job.side.deadline();
      return;
    }
    perform(job, *step.row);
  }
}

TimePoint BoardCore::next_look(Job& job, const Step& step, TimePoint now) {
  const TimePoint deadline = std::min(step.deadline, job.side.deadline());
  const Process process = world.record(job.slot).process;
  const bool held = process == Process::held && job.cgroup.in_use();
  // No SIGCHLD reports the end of processes that are not zinit's children. Their cgroup reports it,
  // but not the end of a process group that may reach beyond the cgroup. Without a report, the job
  // looks again and again, ever more seldom.
  const bool told = (held || !job.process.group_left()) && job.cgroup.end_is_told();
  if ((process != Process::lingering && !held) || told) {
    job.group_poll.reset();
    return deadline;
  }
  return std::min(deadline, after(now, job.group_poll.next()));
}

void BoardCore::pass_deadline(Job& job) {
  if (job.group_poll.begun()) ends.look_at_group(job);
  sides.look_at(job);
}

void BoardCore::perform(Job& job, const Row& row) {
  const bool held = world.record(job.slot).process == Process::held;
  switch (row.act) {
    case Act::run_ready:
      job.side.ready().order(job.process.pid());
      make_due(job);
      break;
    case Act::signal_stop: stops.begin(job); break;
    case Act::kill:
      if (stops.thaw(job)) return;  // its stop timeout has begun again
      say(LogLevel::warn,
          fmt::format("{}: its {} did not end in time; killed with SIGKILL", job.name,
                      world.record(job.slot).command.post ? "post_exec" : "processes"));
      ends.note_rest_killed(job);
      stops.kill_all(job);
      break;
    default: break;
  }
  enter(job, row, {});
  if (row.act == Act::signal_stop && held) ends.look_at(job);  // perhaps nothing is left of it
}

void BoardCore::enter(Job& job, const Row& row, const LaunchOutcome& outcome) {
  const Record& record = world.record(job.slot);
  const State from = record.state;
  const TimePoint deadline = record.deadline;
  kill_point("transition");
  const State to = apply(world, job.slot, row, Clock::now(), outcome);
  kill_point("transition.applied");
  if (record.deadline != deadline) job.clock_seen = Clock::now();  // a time limit begins or ends
  tell_transition(job, from, to);
}

void BoardCore::tell_transition(Job& job, State from, State to) {
  const Slot slot = job.slot;
  if (from != to) {
    if (!transition_allowed(from, to)) {  // the table's static_asserts keep this from happening
      say(LogLevel::error,
          fmt::format("{}: went from {} to {}, which no rule allows; please report this", job.name,
                      state_name(from), state_name(to)));
    }
    if (job.checked) {
      job.checked->set_running(to == State::running);
      if (to == State::stopping) job.checked->set_stage(CheckedProcess::Stage::stopping);
      watchers.changed();
    }
    stamp(job, from, to);  // before publish(): the event has these times
    note_failure(slot);
  }
  if ((to == State::blocked || at_rest(to)) && !world.record(slot).stop_owed) job.replaced.reset();
  if (nothing_left(world, slot)) settle_at_rest(job);
  if (boot_progress.under_way() && from != to) boot_progress.entered(world, slot, to);
  if (from != to && at_rest(to)) launches.order_removal(job);
  forget_removed(slot);
  if (from != to) publish(job, from, to);
  tell_neighbours({&slot, 1});
}

/// The service has come to rest and holds nothing. Processes that its stops spare keep its cgroup.
void BoardCore::settle_at_rest(Job& job) {
  if (world.spec(job.slot).spares_rest()) ends.look_at_spared(job);
  if (!world.spec(job.slot).spares_rest() || !job.cgroup.in_use()) drop_cgroup(job);
  watchers.rested(job.slot);
}

void BoardCore::drop_cgroup(Job& job) {
  if (job.cgroup.release()) janitor.remove_cgroup(job.name);
}

void BoardCore::forget_removed(Slot slot) {
  if (!world.node(slot).removed || is_live(slot)) return;
  janitor.sweep();
}

void BoardCore::stamp(Job& job, State from, State to) {
  const std::int64_t now = wall_us();
  job.times.since_us = now;
  if (to == State::running) job.times.last_ready_us = now;
  if (from == State::starting && to == State::exited && world.spec(job.slot).oneshot) {
    job.times.last_ready_us = now;
  }
  if (!world.spec(job.slot).has_process()) {
    if (to == State::starting) {
      job.times.last_start_us = now;
      job.started = Clock::now();
    }
    if (from == State::stopping) job.times.last_stop_us = now;
  }
}

void BoardCore::publish(const Job& job, State from, State to) {
  const Record& record = world.record(job.slot);
  const pid_t pid = job.process.pid();
  StateEvent event{0, job.times.since_us, job.name, from, to, {}, pid};
  const Reason cause = reason_of_state(record);
  event.reason = cause;
  events.add(std::move(event));
  note_bad_end(job, from, to, cause);
  const TransitionFacts facts{world,       job.slot,  from,         to,         pid,
                              job.started, job.ended, Clock::now(), *job.killer};
  const LogLevel level = transition_level(facts);
  if (log_enabled(level)) say(level, transition_line(facts));
}

void BoardCore::warn_of(const Job& job, const std::string& text) {
  say(LogLevel::warn, fmt::format("{}: {}", job.name, text));
  janitor.note(job.slot, text);
}

void BoardCore::note_bad_end(const Job& job, State from, State to, const Reason& cause) {
  const Record& record = world.record(job.slot);
  const ProcessEnd& end = record.end;
  const std::string which = which_command(record, world.spec(job.slot));
  std::string line;
  const bool of_ready = cause.step == CommandKind::ready_exec;
  switch (of_ready ? ReasonType::spawn_error : cause.type) {
    case ReasonType::exit_code:
    case ReasonType::signal:
      if (good_end(world.spec(job.slot), end)) return;
      line = end_text(end, cause.step) + which;
      if (end.core) line += ", core dumped";
      break;
    case ReasonType::start_timeout:
    case ReasonType::stop_timeout:
    case ReasonType::health_check_failed:
    case ReasonType::watchdog_timeout:
    case ReasonType::spawn_error:
    case ReasonType::port_in_use: line = "failed: " + reason_text(cause) + which; break;
    default: return;
  }
  const bool bad = to == State::failed || (to == State::blocked && from != State::blocked);
  if (bad) janitor.note(job.slot, std::move(line));
}

// A decision depends only on the present state. So a job becomes due only if its decision now
// differs: it has a step to take, or an earlier deadline.
void BoardCore::tell_neighbours(std::span<const Slot> changed) {
  affected_.clear();
  begin_affected(world);
  for (const Slot slot : changed) {
    store(slot);
    affected(world, slot, affected_);
  }
  for (const Slot slot : affected_) {
    Job* const job = jobs[slot].get();
    if (job == nullptr || job->due) continue;
    const Step step = decide(Situation{world, slot, decision_time(*job, Whose::others)});
    const bool checked = job->condition_check == ConditionCheck::runs;  // perhaps no longer needed
    if (!step.waits() || step.deadline < job->until || checked) make_due(*job);
  }
  changes.changed();
}

}  // namespace zinit
