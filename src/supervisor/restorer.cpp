// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Restores the board from the journal of the previous process image: its records and children.
//
// Board::restore() takes the graph, then calls restore() for each service with an entry,
// and at the end order_again() for each. A record is taken as stored, then brought up to date with
// the kernel. The first of these cases that fits decides about the service's process:
//
//   - A launch was under way and its child exists or has ended: end_launch() finishes that step.
//   - The stored pid is zinit's child, or the watchers hold it by a pidfd: the process is adopted.
//   - A daemon in the background has not reported its pid yet: its group is adopted.
//   - The main process had ended before, and its group still exists: the group is adopted.
//   - A launch was under way and no child is known: it is undone, so that it is made again.
//   - The main process had ended before, and its group is gone: Ends::look_at() ends the matter.
//   - The process is gone: its end is the one noted with the launch, otherwise a death by SIGKILL.
//
// Then side commands are adopted. A probe, a check or the command of a condition is killed: it runs
// again if its result is still needed. Last come the processes in the cgroup, and the watching of
// the main process. order_again() repeats orders that the previous process image gave and did not
// begin (Owed).
#include "supervisor/restorer.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/text.hpp"
#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

/// The row that asked for the launch under way.
const Row& launch_row(const Record& record) {
  const Act act = record.command.post              ? Act::launch_post
                  : record.state == State::blocked ? Act::launch
                                                   : Act::launch_next;
  return *std::ranges::find(decision_rows(), act, &Row::act);
}

/// Its main process has ended, and something of it may be left.
bool is_left(const Record& record) {
  return record.process == Process::lingering || record.process == Process::held;
}

}  // namespace

/// The record says whether there were failed probes.
void Restorer::restore_words(Job& job) {
  const std::string_view fact = slot_fact(kept_, SlotFact::words, job.slot);
  const auto end = fact.find('\n');
  if (end == std::string_view::npos) return;
  const auto words = split(fact.substr(0, end), '\t');
  job.killer = std::string(words.front());
  if (words.size() > 1) job.ended_for = std::string(words[1]);
  Record& record = core_.world.record(job.slot);
  if (record.health_attempts > 0) record.health_error = std::string(fact.substr(end + 1));
}

void Restorer::restore(Slot slot, const JournalEntry& entry) {
  Record& record = core_.world.record(slot);
  Job& job = *core_.jobs[slot];
  if (entry.known) record = entry.record;
  restore_facts(job, entry.facts);
  if (entry.makes_directories && record.state == State::blocked)
    core_.launches.add_runtime_dirs(job, core_.world.spec(slot).directories->runtime);
  // Its stop_exec has not begun, so the decision to run it is made again.
  if ((entry.facts.owed & kOwedStop) != 0 && record.done && record.process == Process::lingering) {
    record.process = Process::held;
    record.stage = StopStage::none;
  }
  restore_launch(job, entry);
  const auto extras = std::make_shared<SpawnExtras>();
  extras->spawned_at = entry.facts.started;
  extras->user = job.user;
  extras->main_pid = job.process.pid() != 0 ? job.process.pid() : entry.facts.pid;
  const bool held = core_.watchers.take_over(slot, core_.world.spec(slot), *extras);
  const bool there = restore_process(job, entry, held);
  restore_side_commands(job, entry.facts);
  if (record.ready_runs && entry.ready_end)
    ready_command_ended(core_.world, slot, *entry.ready_end);
  else if (record.ready_runs && job.side.ready().gone())
    ready_command_lost(core_.world, slot);
  restore_cgroup(job);
  if (is_left(record)) {
    core_.ends.seek_left(job);
    core_.ends.look_at(job);
  }
  if (there && checked_now(record)) {
    core_.mains.begin(job, extras);
    if (job.checked && record.state == State::stopping)
      job.checked->set_stage(CheckedProcess::Stage::stopping);
  }
  core_.note_failure(slot);
  core_.store(slot);
}

/// What is known besides the record and the processes. Times are on the monotonic clock, which
/// continues across execve(2).
void Restorer::restore_facts(Job& job, const JournalFacts& facts) {
  core_.boot_progress.restore(job.slot, slot_fact(kept_, SlotFact::boot_times, job.slot));
  core_.conditions.restore(job.slot, kept_);
  restore_words(job);
  job.times = facts;
  job.started = facts.started;
  if (facts.user >= 0) job.user = static_cast<uid_t>(facts.user);
  if (const auto dirs = slot_fact(kept_, SlotFact::runtime_dirs, job.slot); !dirs.empty())
    for (const std::string_view name : split(dirs, '\n'))
      job.runtime_dirs.edit().emplace_back(name);
}

/// A launch that was under way, and whose child exists or has ended.
void Restorer::restore_launch(Job& job, const JournalEntry& entry) {
  if (core_.world.record(job.slot).process != Process::launching || entry.launched <= 0) return;
  if (entry.launched_end) {
    end_launch(job, 0);
    process_ended(core_.world, job.slot, *entry.launched_end, false);
  } else if (await_execution(entry.launched, execute_by_)) {
    end_launch(job, entry.launched);
  }
}

/// `held`: the watchers hold the main process by a pidfd.
/// @return  whether a process exists, or a daemon with unknown pid
bool Restorer::restore_process(Job& job, const JournalEntry& entry, bool held) {
  if (job.process.pid() != 0) return true;  // of the launch that was under way
  Record& record = core_.world.record(job.slot);
  const ServiceSpec& spec = core_.world.spec(job.slot);
  const JournalFacts& facts = entry.facts;
  // It ended, and was reaped, before its launch was over. Another child may have its number by now.
  const bool early = entry.launched_end && entry.launched == facts.pid;
  if (facts.pid > 0 && !early && (held || is_own_child(facts.pid))) {
    job.process.restore(facts.pid, facts.leader, facts.pgid, facts.main_group);
    if (!entry.known) {
      record.state = spec.oneshot ? State::starting : State::running;
      // A command such as pre_exec owes a stop, and is never ready.
      record.stop_owed = entry.record.stop_owed;
      record.wish = core_.world.node(job.slot).removed ? Wish::down : entry.record.wish;
      record.notified = record.healthy = !record.stop_owed;
      record.unheard = !is_own_child(facts.pid);
    }
    record.process = Process::alive;
    return true;
  }
  if (facts.pid == 0 && record.process == Process::alive && !spec.readiness->pidfile.empty()) {
    // In the background, with unknown pid.
    if (facts.pgid > 0) job.process.restore_group(facts.pgid);
    return true;
  }
  if (facts.pgid > 0 && group_exists(facts.pgid) && is_left(record)) {
    job.process.restore_group(facts.pgid);
  } else if (record.process == Process::launching) {
    // The previous process image ended before it stored the pid of this spawn. Spawn again. At
    // rest, its directories were being removed.
    const bool first = record.state == State::blocked;
    const bool rests = at_rest(record.state) && !record.command.post;
    record.process = first || rests ? Process::none : Process::ended;
  } else if (!is_left(record) && has_process(record) && spec.has_process()) {
    // If its end is unknown, SIGKILL is the most likely. Ends::look_at() finds out what is left of
    // others.
    process_ended(core_.world, job.slot,
                  early ? *entry.launched_end : ProcessEnd{true, SIGKILL, false}, false);
  }
  return false;
}

/// Does the work of Launches::step_launched(). `pid` 0: the process has ended meanwhile.
void Restorer::end_launch(Job& job, pid_t pid) {
  Record& record = core_.world.record(job.slot);
  const Row& row = launch_row(record);
  const State from = record.state;
  if (pid != 0) job.process.restore(pid, pid, pid, 0);
  if (row.act != Act::launch_post) {
    job.started = Clock::now();
    job.times.last_start_us = wall_us();
    if (row.act == Act::launch && respawns(record)) ++job.times.restart_count;
  }
  const State to = apply(core_.world, job.slot, row, Clock::now(), {});
  if (from == to) return;
  core_.stamp(job, from, to);
  core_.publish(job, from, to);
}

void Restorer::restore_side_commands(Job& job, const JournalFacts& facts) {
  for (std::size_t i = 0; i < facts.sides.size(); ++i) {
    if (facts.sides[i] <= 0 || !await_execution(facts.sides[i], execute_by_)) continue;
    SideCommand& side = job.side.of(static_cast<SideKind>(i));
    side.order(job.process.pid());
    side.launched(facts.sides[i]);
    switch (side.kind()) {
      case SideKind::stop:
      case SideKind::ready: break;
      case SideKind::reload: core_.sides.limit_reload(job); break;  // it begins again
      case SideKind::probe: side.kill(); break;  // nothing waits for its result any more
      case SideKind::check:                      // the client asks again
        side.limit(after(Clock::now(), kTimeToDie));
        side.kill();
        break;
      case SideKind::condition: core_.conditions.end_left(job);
    }
  }
}

void Restorer::order_again(Slot slot, std::uint8_t owed) {
  Job& job = *core_.jobs[slot];
  Record& record = core_.world.record(slot);
  const auto owes = [&](Owed what) { return (owed & what) != 0; };
  const bool alive = checked_now(record) && job.process.pid() != 0;
  const bool rest_lives = record.process == Process::lingering;
  // The processes have not been asked to end, so that decision is made again.
  if (owes(kOwedStop) && job.side.stop().gone() && (alive || rest_lives) &&
      record.state == State::stopping && record.stage == StopStage::signalled)
    record.stage = StopStage::none;
  if (owes(kOwedReload) && job.side.reload().gone() &&
      (holds(core_.world, slot) || (alive && record.state == State::running)))
    core_.sides.order_reload(job);
  if (owes(kOwedLimits)) core_.launches.order_limits(job);
  if (at_rest(record.state)) core_.launches.order_removal(job);
  core_.make_due(job);
}

// Processes left in the service's cgroup by the previous image still belong to the service.
void Restorer::restore_cgroup(Job& job) {
  Record& record = core_.world.record(job.slot);
  const bool left = job.cgroup.restore();
  if (core_.world.spec(job.slot).spares_rest()) {
    if (left && record.process == Process::none) core_.ends.look_at_spared(job);
    return;
  }
  if (!left && core_.cgroups.tree() != nullptr)
    return;  // without cgroups a launch searches for them
  if (job.process.pid() != 0 || record.process != Process::ended) return;
  record.process =
      leaves_held(core_.world, job.slot, record.end) ? Process::held : Process::lingering;
}

}  // namespace zinit
