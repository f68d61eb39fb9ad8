// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What follows from the end of a process. See ends.hpp.
#include "supervisor/ends.hpp"

#include <csignal>

#include "model/decide.hpp"
#include "model/predicates.hpp"
#include "model/why.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

void Ends::hear_last_words(pid_t pid) {
  const Slot slot = core_.processes.of_pid(pid);
  if (slot == kNoSlot || !core_.jobs[slot] || core_.jobs[slot]->process.pid() != pid) return;
  if (const CheckedProcessPtr checked = core_.jobs[slot]->checked)
    core_.without_lock([&] { core_.watchers.drain(*checked); });
}

void Ends::child_ended(pid_t pid, const ProcessEnd& end) {
  hear_last_words(pid);
  if (const Slot slot = core_.processes.of_pid(pid); slot != kNoSlot) {
    if (core_.jobs[slot] && own_ended(*core_.jobs[slot], pid, end))
      return core_.make_due(*core_.jobs[slot]);
    core_.processes.remove_pid(pid);  // a stale entry: no job claims this pid
  }
  const auto group = process_group(pid);
  // It may be the child of a launch under way; the job handles this end after the launch.
  if (LaunchUnderWay* const launch = core_.launches.of(pid);
      launch != nullptr && !launch->early_end) {
    launch->early_end = {pid, end, Remains::group};
    if (core_.journal) core_.journal->launch_ended(launch->noted, end);
  }
  reap(pid);
  if (group) member_ended(*group);
}

/// A process that no job owns has been reaped, and its group may be empty now. A question to the
/// kernel walks through the whole group. So only a group that a job or launch waits for is asked
/// about, only if its leader is dead, and only when zinit has no child left in it.
void Ends::member_ended(pid_t group) {
  if (core_.processes.of_pid(group) != kNoSlot) return;
  LaunchUnderWay* const launch = core_.launches.of(group);
  const bool early = launch != nullptr && launch->early_end;
  const Slot owner = core_.processes.of_group(group);
  if (!early && (owner == kNoSlot || !core_.jobs[owner])) return;
  if (has_child_in(group) || group_exists(group)) return;
  if (early) launch->early_end->remains = Remains::nothing;
  if (owner != kNoSlot && core_.jobs[owner]) look_at(*core_.jobs[owner]);
}

/// @return  false if `pid` is no process of the job
bool Ends::own_ended(Job& job, pid_t pid, const ProcessEnd& end) {
  SideCommand* const side = job.side.with(pid);
  if (pid == job.process.pid() && core_.mains.goes_to_background(job, end))
    core_.mains.went_to_background(job, Remains::zombie);
  else if (pid == job.process.pid())
    main_ended(job, end, Remains::zombie);
  else if (pid == job.process.spawned().leader())
    leader_ended(job, Remains::zombie);
  else if (side != nullptr)
    core_.sides.ended(job, *side, end, Remains::zombie);
  else if (job.held.ended(pid))
    held_ended(job, pid);
  else
    return false;
  return true;
}

/// The processes that `pid` leaves become zinit's children; the job searches for them.
void Ends::held_ended(Job& job, pid_t pid) {
  reap(pid);
  job.seeks_left = true;
}

void Ends::of_launch(Job& job, const LaunchUnderWay::EarlyEnd& early) {
  if (const CheckedProcessPtr checked = job.checked) {
    // The group is empty, so its number may be reused: forget it before the lock is released.
    if (early.remains == Remains::nothing) job.process.forget_spawned_group();
    core_.without_lock([&] { core_.watchers.drain(*checked); });
    if (job.process.pid() != early.pid) {
      if (job.process.spawned().leader() == early.pid) leader_ended(job, early.remains);
      return;
    }
    if (core_.mains.goes_to_background(job, early.end))
      return core_.mains.went_to_background(job, early.remains);
  }
  main_ended(job, early.end, early.remains);
}

void Ends::main_ended(Job& job, const ProcessEnd& end, Remains remains) {
  const Record& record = core_.world.record(job.slot);
  const bool post = record.command.post;
  // The rest of the group is killed at once if the process ended by itself or belonged to
  // post_exec. In a stop the rest has the stop timeout. The number of an empty group may be reused:
  // forget it.
  const bool has_time = record.state == State::stopping || record.state == State::failed;
  // Processes that a successful oneshot leaves live on.
  const bool held = leaves_held(core_.world, job.slot, end);
  if (remains == Remains::nothing) job.process.forget_spawned_group();
  ProcessEnd known = end;
  if (known.out_of_memory == OutOfMemory::no) known.out_of_memory = out_of_memory(job, end);
  if (core_.mains.may_be_followed(job)) return core_.mains.seek_successor(job, known, remains);
  // Look before the kill. A command beside the main process is no daemon in the background.
  const bool left = !has_time && end == ProcessEnd{} && job.side.gone() && job.cgroup.populated();
  std::string killer = core_.stops.killer_of(job, known);
  std::string ended_for;
  if (self_caused(record)) ended_for = reason_text(stop_reason(record), core_.world.spec(job.slot));
  if (post || (!has_time && !held)) core_.stops.kill_all(job);
  job.cgroup.stop_watching_memory();
  core_.mains.end(job);
  process_ended(core_.world, job.slot, known, true);
  const pid_t pid = job.process.ended(remains);
  core_.sides.main_ended(job, pid);
  // An unseen end of the last member frees the group's number. A cgroup reports that end instead.
  const bool spares = core_.stops.spec_of(job)->spares_rest();
  if (spares || (held && job.cgroup.in_use())) job.process.forget_groups();
  if (!post) note(job, std::move(killer), std::move(ended_for));
  if (left) tell_left_behind(job);
  // Store before the pid is free: after a crash in between, the next process must not adopt a
  // stranger.
  core_.store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  job.forget_gone();
  if (job.process.group_left()) tell_left_behind(job);
  if (!post) seek_left(job);
  if (!look_at(job)) {
    core_.make_due(job);  // it may have to poll for the end of the rest
    core_.tell_neighbours({&job.slot, 1});
  }
  if (post && end != ProcessEnd{}) core_.warn_of(job, end_text(end, CommandKind::post_exec));
}

void Ends::note(Job& job, std::string killer, std::string ended_for) {
  const bool words = killer != *job.killer || ended_for != *job.ended_for;
  job.killer = std::move(killer);
  job.ended_for = std::move(ended_for);
  if (words) core_.keep_words(job);
  job.ended = Clock::now();
  job.times.last_stop_us = wall_us();
}

void Ends::note_rest_killed(Job& job) {
  const Record& record = core_.world.record(job.slot);
  const bool asked = record.cause == StopCause::down || record.cause == StopCause::owed;
  if (asked && record.process == Process::lingering && !record.command.post)
    note(job, {}, "the rest of its group was killed " + core_.stops.why_killed(job));
}

void Ends::seek_left(Job& job) {
  job.seeks_left = !core_.stops.spec_of(job)->spares_rest() && !job.cgroup.in_use();
}

void Ends::tell_left_behind(Job& job) {
  const Record& record = core_.world.record(job.slot);
  if (core_.stops.spec_of(job)->spares_rest() || record.reason.type == ReasonType::left_behind)
    return;
  left_behind(core_.world, job.slot);
  if (record.reason.type != ReasonType::left_behind) return;
  std::string line = reason_text(record.reason);
  core_.say(LogLevel::warn, fmt::format("{}: {}", job.name, line));
  core_.janitor.note(job.slot, std::move(line));
}

void Ends::leader_ended(Job& job, Remains remains) {
  const pid_t pid = job.process.spawned().leader();
  job.process.leader_ended(remains);
  core_.store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  look_at(job);
}

// A SIGKILL by zinit, in a stop or on request, does not count as a kill by the OOM killer.
OutOfMemory Ends::out_of_memory(const Job& job, const ProcessEnd& end) const {
  const bool by_us =
      job.asked->signal == SIGKILL || core_.world.record(job.slot).stage == StopStage::killed;
  if (!end.by_signal || end.value != SIGKILL || by_us) return OutOfMemory::no;
  return job.cgroup.killed_for_memory();
}

bool Ends::look_at(Job& job) {
  job.forget_gone();
  if (job.condition_result) {
    core_.conditions.look_at(job);
    return false;
  }
  const bool in_background =
      job.process.pid() == 0 && core_.world.record(job.slot).process == Process::alive;
  if (in_background && job.process.spawned().number() == 0 && job.cgroup.in_use() &&
      !job.cgroup.populated())
    core_.mains.give_up_main(job);
  const Record& record = core_.world.record(job.slot);
  const bool spares = core_.stops.spec_of(job)->spares_rest();
  if (spares && record.process == Process::none) look_at_spared(job);
  if ((!spares && job.process.group_left()) || !job.side.gone()) return false;
  if (job.awaits_left() || !job.held.empty()) return false;
  if (record.process != Process::lingering && record.process != Process::held) return false;
  if (!spares && job.cgroup.populated()) {
    if (record.process == Process::held)
      job.cgroup.watch_end();
    else
      tend_escaped(job);
    // Check again now that it is watched: the last process may have ended in between.
    if (job.cgroup.populated()) return false;
  }
  if (!spares) job.cgroup.emptied();
  const Process before = record.process;
  group_gone(core_.world, job.slot);
  if (record.process == before) return false;
  if (record.process == Process::none) {  // a done oneshot no longer holds anything
    core_.settle_at_rest(job);
    core_.launches.order_removal(job);
    core_.forget_removed(job.slot);
  }
  core_.tell_neighbours({&job.slot, 1});
  return true;
}

void Ends::look_at_spared(Job& job) {
  if (!job.cgroup.in_use()) return;
  job.cgroup.watch_end();
  if (job.cgroup.populated()) return;
  job.cgroup.emptied();
  core_.drop_cgroup(job);
}

// The main process and its group are gone, but the cgroup still has processes. They were killed
// already if the main process ended by itself or the stop has reached SIGKILL: kill them again, in
// case it failed. Earlier in a stop they get the stop signal.
void Ends::tend_escaped(Job& job) {
  job.cgroup.watch_end();
  const Record& record = core_.world.record(job.slot);
  const bool has_time = record.state == State::stopping || record.state == State::failed;
  if (!has_time || record.stage == StopStage::killed) {
    static_cast<void>(job.cgroup.kill());  // logged the first time, and retried
    return;
  }
  if (record.stage == StopStage::signalled && job.process.pid() == 0)
    core_.stops.signal_escaped(job);
}

void Ends::look_at_group(Job& job) {
  const Record& record = core_.world.record(job.slot);
  if (record.process != Process::lingering && record.process != Process::held) return;
  look_at(job);
  if (record.process != Process::lingering || !job.group_poll.longest()) return;
  core_.janitor.see_groups();
}

void Ends::look_at_memory(Job& job) {
  const std::int64_t killed = job.cgroup.look_at_memory();
  if (killed == 0) return;
  std::string line = fmt::format(
      "{} of its processes {} killed because of a lack of memory; see resources.memory_max", killed,
      killed == 1 ? "was" : "were");
  const State state = core_.world.record(job.slot).state;
  StateEvent event{0, wall_us(), job.name, state, state, {}, job.process.pid()};
  event.reason = Reason{ReasonType::signal, SIGKILL, line, {}};
  core_.events.add(std::move(event));
  core_.say(LogLevel::warn, fmt::format("{}: {}", job.name, line));
  core_.janitor.note(job.slot, std::move(line));
  core_.store_world();
  core_.changes.changed();
}

}  // namespace zinit
