// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Ends of processes: finding the service, handling the rest of its process group, and reaping. All
// under the board's lock, so no pid or group is signalled after its number became free.
//
// When a main process ends by itself, its group is killed before the process is reaped: until then
// the number of the group is still its own. A group that lives on in a stop is watched. Members
// that are zinit's children report their ends. For the others zinit looks, at intervals that grow
// to 500 ms.
#include <poll.h>

#include <csignal>

#include "model/decide.hpp"
#include "model/predicates.hpp"
#include "model/why.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"

namespace zinit {

void BoardCore::hear_last_words(pid_t pid) {
  const Slot slot = processes.of_pid(pid);
  if (slot == kNoSlot || !jobs[slot] || jobs[slot]->process.pid() != pid) return;
  if (const CheckedProcessPtr checked = jobs[slot]->checked)
    without_lock([&] { watchers.drain(*checked); });
}

std::vector<pid_t> Board::perhaps_ended() const {
  MutexLock lock(mutex());
  std::vector<pid_t> found, held;
  std::vector<pollfd> pidfds;
  const auto add = [&](pid_t pid, int pidfd) {
    if (pid == 0) return;
    if (pidfd < 0) return found.push_back(pid);
    held.push_back(pid);
    pidfds.push_back({pidfd, POLLIN, 0});
  };
  for (const auto& job : jobs) {
    if (!job) continue;
    const pid_t main = job->process.pid(), leader = job->process.spawned().leader();
    add(main, job->process.pidfd());
    if (leader != main) add(leader, -1);
    for (const SideCommand& side : job->side.all()) add(side.pid(), -1);
  }
  const bool asked = ::poll(pidfds.data(), pidfds.size(), 0) >= 0;
  for (std::size_t i = 0; i < held.size(); ++i)
    if (!asked || pidfds[i].revents != 0) found.push_back(held[i]);
  return found;
}

void Board::child_ended(pid_t pid, const ProcessEnd& end) {
  const Change change(*this);
  hear_last_words(pid);
  if (const Slot slot = processes.of_pid(pid); slot != kNoSlot) {
    if (jobs[slot] && own_ended(*jobs[slot], pid, end)) return make_due(*jobs[slot]);
    processes.remove_pid(pid);  // a stale entry: no job claims this pid
  }
  const auto group = process_group(pid);
  // It may be the child of a launch under way; the job handles this end after the launch.
  if (LaunchUnderWay* const launch = launches.of(pid); launch != nullptr && !launch->early_end) {
    launch->early_end = EarlyEnd{pid, end, Remains::group};
    if (journal) journal->launch_ended(launch->noted, end);
  }
  reap(pid);
  if (group) member_ended(*group);
}

/// A process that no job owns has been reaped, and its group may be empty now. A question to the
/// kernel walks through the whole group. So only a group that a job or launch waits for is asked
/// about, only if its leader is dead, and only when zinit has no child left in it.
void BoardCore::member_ended(pid_t group) {
  if (processes.of_pid(group) != kNoSlot) return;
  LaunchUnderWay* const launch = launches.of(group);
  const bool early = launch != nullptr && launch->early_end;
  const Slot owner = processes.of_group(group);
  if (!early && (owner == kNoSlot || !jobs[owner])) return;
  if (has_child_in(group) || group_exists(group)) return;
  if (early) launch->early_end->remains = Remains::nothing;
  if (owner != kNoSlot && jobs[owner]) look_at_unit(*jobs[owner]);
}

/// @return  false if `pid` is no process of the job
bool BoardCore::own_ended(Job& job, pid_t pid, const ProcessEnd& end) {
  SideCommand* const side = job.side.with(pid);
  if (pid == job.process.pid() && goes_to_background(job, end))
    went_to_background(job, Remains::zombie);
  else if (pid == job.process.pid())
    main_ended(job, end, Remains::zombie);
  else if (pid == job.process.spawned().leader())
    leader_ended(job, Remains::zombie);
  else if (side != nullptr)
    sides.ended(job, *side, end, Remains::zombie);
  else if (job.held.ended(pid))
    held_ended(job, pid);
  else
    return false;
  return true;
}

/// The processes that `pid` leaves become zinit's children; the job searches for them.
void BoardCore::held_ended(Job& job, pid_t pid) {
  reap(pid);
  job.seeks_left = true;
}

/// The process of a launch ended, and was reaped, before the launch was over. Its messages are
/// handled before its end: it may have named another main process, or gone to the background.
void BoardCore::early_end(Job& job, const EarlyEnd& early) {
  if (const CheckedProcessPtr checked = job.checked) {
    // The group is empty, so its number may be reused: forget it before the lock is released.
    if (early.remains == Remains::nothing) job.process.forget_spawned_group();
    without_lock([&] { watchers.drain(*checked); });
    if (job.process.pid() != early.pid) {
      if (job.process.spawned().leader() == early.pid) leader_ended(job, early.remains);
      return;
    }
    if (goes_to_background(job, early.end)) return went_to_background(job, early.remains);
  }
  main_ended(job, early.end, early.remains);
}

void BoardCore::main_ended(Job& job, const ProcessEnd& end, Remains remains) {
  const Record& record = world.record(job.slot);
  const bool post = record.command.post;
  // The rest of the group is killed at once if the process ended by itself or belonged to
  // post_exec. In a stop the rest has the stop timeout. The number of an empty group may be reused:
  // forget it.
  const bool has_time = record.state == State::stopping || record.state == State::failed;
  // Processes that a successful oneshot leaves live on.
  const bool held = leaves_held(world, job.slot, end);
  if (remains == Remains::nothing) job.process.forget_spawned_group();
  ProcessEnd known = end;
  if (known.out_of_memory == OutOfMemory::no) known.out_of_memory = out_of_memory(job, end);
  if (may_be_followed(job)) return seek_successor(job, known, remains);
  // Look before the kill. A command beside the main process is no daemon in the background.
  const bool left = !has_time && end == ProcessEnd{} && job.side.gone() && job.cgroup.populated();
  std::string killer = stops.killer_of(job, known);
  std::string ended_for;
  if (self_caused(record)) ended_for = reason_text(stop_reason(record), world.spec(job.slot));
  if (post || (!has_time && !held)) stops.kill_all(job);
  job.cgroup.stop_watching_memory();
  end_checks(job);
  process_ended(world, job.slot, known, true);
  const pid_t pid = job.process.ended(remains);
  // An unseen end of the last member frees the group's number. A cgroup reports that end instead.
  const bool spares = stops.spec_of(job)->spares_rest();
  if (spares || (held && job.cgroup.in_use())) job.process.forget_groups();
  if (!post) note_end(job, std::move(killer), std::move(ended_for));
  if (left) tell_left_behind(job);
  // Store before the pid is free: after a crash in between, the next process must not adopt a
  // stranger.
  store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  job.forget_gone();
  if (job.process.group_left()) tell_left_behind(job);
  if (!post) seek_left(job);
  if (!look_at_unit(job)) {
    make_due(job);  // it may have to poll for the end of the rest
    tell_neighbours({&job.slot, 1});
  }
  if (post && end != ProcessEnd{}) warn_of(job, end_text(end, CommandKind::post_exec));
}

/// Notes when the main process has ended, and the words about its end.
void BoardCore::note_end(Job& job, std::string killer, std::string ended_for) {
  const bool words = killer != *job.killer || ended_for != *job.ended_for;
  job.killer = std::move(killer);
  job.ended_for = std::move(ended_for);
  if (words) keep_words(job);
  job.ended = Clock::now();
  job.times.last_stop_us = wall_us();
}

void BoardCore::note_rest_killed(Job& job) {
  const Record& record = world.record(job.slot);
  const bool asked = record.cause == StopCause::down || record.cause == StopCause::owed;
  if (asked && record.process == Process::lingering && !record.command.post)
    note_end(job, {}, "the rest of its group was killed " + stops.why_killed(job));
}

void BoardCore::seek_left(Job& job) {
  job.seeks_left = !stops.spec_of(job)->spares_rest() && !job.cgroup.in_use();
}

/// Reports that an ended main process left others, which are killed.
void BoardCore::tell_left_behind(Job& job) {
  const Record& record = world.record(job.slot);
  if (stops.spec_of(job)->spares_rest() || record.reason.type == ReasonType::left_behind) return;
  left_behind(world, job.slot);
  if (record.reason.type != ReasonType::left_behind) return;
  std::string line = reason_text(record.reason);
  say(LogLevel::warn, fmt::format("{}: {}", job.name, line));
  janitor.note(job.slot, std::move(line));
}

void BoardCore::leader_ended(Job& job, Remains remains) {
  const pid_t pid = job.process.spawned().leader();
  job.process.leader_ended(remains);
  store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  look_at_unit(job);
}

// A SIGKILL by zinit, in a stop or on request, does not count as a kill by the OOM killer.
OutOfMemory BoardCore::out_of_memory(const Job& job, const ProcessEnd& end) const {
  const bool by_us =
      job.asked->signal == SIGKILL || world.record(job.slot).stage == StopStage::killed;
  if (!end.by_signal || end.value != SIGKILL || by_us) return OutOfMemory::no;
  return job.cgroup.killed_for_memory();
}

bool BoardCore::look_at_unit(Job& job) {
  job.forget_gone();
  if (job.condition_result) {
    conditions.look_at(job);
    return false;
  }
  const bool in_background =
      job.process.pid() == 0 && world.record(job.slot).process == Process::alive;
  if (in_background && job.process.spawned().number() == 0 && job.cgroup.in_use() &&
      !job.cgroup.populated())
    give_up_main(job);
  const Record& record = world.record(job.slot);
  const bool spares = stops.spec_of(job)->spares_rest();
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
  group_gone(world, job.slot);
  if (record.process == before) return false;
  if (record.process == Process::none) {  // a done oneshot no longer holds anything
    settle_at_rest(job);
    launches.order_removal(job);
    forget_removed(job.slot);
  }
  tell_neighbours({&job.slot, 1});
  return true;
}

/// Watches processes that a stop spared, and drops the cgroup once they are gone.
void BoardCore::look_at_spared(Job& job) {
  if (!job.cgroup.in_use()) return;
  job.cgroup.watch_end();
  if (job.cgroup.populated()) return;
  job.cgroup.emptied();
  drop_cgroup(job);
}

// The main process and its group are gone, but the cgroup still has processes. They were killed
// already if the main process ended by itself or the stop has reached SIGKILL: kill them again, in
// case it failed. Earlier in a stop they get the stop signal.
void BoardCore::tend_escaped(Job& job) {
  job.cgroup.watch_end();
  const Record& record = world.record(job.slot);
  const bool has_time = record.state == State::stopping || record.state == State::failed;
  if (!has_time || record.stage == StopStage::killed) {
    static_cast<void>(job.cgroup.kill());  // logged the first time, and retried
    return;
  }
  if (record.stage == StopStage::signalled && job.process.pid() == 0) stops.signal_escaped(job);
}

/// A group that does not empty may hold only zombies whose parent does not reap them. Only a scan
/// of all processes can find out; the janitor does it.
void BoardCore::look_at_group(Job& job) {
  const Record& record = world.record(job.slot);
  if (record.process != Process::lingering && record.process != Process::held) return;
  look_at_unit(job);
  if (record.process != Process::lingering || !job.group_poll.longest()) return;
  janitor.see_groups();
}

void Board::cgroups_changed() {
  const Change change(*this);
  for (const auto& [slot, watch] : cgroups.read()) {
    if (!jobs[slot]) continue;
    if (jobs[slot]->cgroup.is_memory_watch(watch))
      look_at_memory(*jobs[slot]);
    else
      look_at_unit(*jobs[slot]);
  }
}

/// Reports workers that were killed because of a lack of memory. The service goes on, so nothing
/// else reports them. If the main process was killed, its end says so as well.
void BoardCore::look_at_memory(Job& job) {
  const std::int64_t killed = job.cgroup.look_at_memory();
  if (killed == 0) return;
  std::string line = fmt::format(
      "{} of its processes {} killed because of a lack of memory; see resources.memory_max", killed,
      killed == 1 ? "was" : "were");
  const State state = world.record(job.slot).state;
  StateEvent event{0, wall_us(), job.name, state, state, {}, job.process.pid()};
  event.reason = Reason{ReasonType::signal, SIGKILL, line, {}};
  events.add(std::move(event));
  say(LogLevel::warn, fmt::format("{}: {}", job.name, line));
  janitor.note(job.slot, std::move(line));
  store_world();
  changes.changed();
}

}  // namespace zinit
