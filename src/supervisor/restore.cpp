// A board from a journal: the records of the image of zinit that ran before, and its children.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::restore(Slot slot, const JournalEntry& entry) {
  Record& record = world.record(slot);
  Job& job = *jobs[slot];
  if (entry.known) record = entry.record;
  job.facts = entry.facts;
  // The journal's clock is the monotonic one, which goes on over an execve(2).
  if (entry.facts.last_start_us > 0) {
    const std::int64_t age = wall_us() - entry.facts.last_start_us;
    job.started = Clock::now() - std::chrono::microseconds(std::max<std::int64_t>(age, 0));
  }
  if (entry.facts.pid > 0 && is_own_child(entry.facts.pid)) {
    restore_main(job, entry.facts);
    job.pidfd = open_pidfd(job.pid);
    if (!entry.known) {
      record.state = State::running;
      record.wish = Wish::up;
      record.notified = record.healthy = true;
    }
    record.process = Process::alive;
  } else if (entry.facts.pgid > 0 && group_exists(entry.facts.pgid) &&
             record.process == Process::lingering) {
    job.group = entry.facts.pgid;
    by_group_[job.group] = slot;
    if (is_own_child(job.group)) {
      job.leader = job.group;
      by_pid_[job.leader] = slot;
    }
  } else if (record.process == Process::launching) {
    // A spawn whose pid was never noted failed with the image that made it: it is made again.
    const bool first = record.state == State::blocked;
    const bool rests = at_rest(record.state) && !record.post;  // directories were being removed
    record.process = first || rests ? Process::none : Process::ended;
  } else if (has_process(record) && !world.spec(slot).is_target()) {
    // An end that nobody saw is told as what it most likely was.
    process_ended(world, slot, {true, SIGKILL, false}, false);
  }
  adopt_helpers(job, entry.facts);
  restore_cgroup(job);
  if (job.pid != 0 && checked_now(record)) change_checks(job);
  store(slot);
}

/// The main process, which is another than the one that was spawned where that was told.
void BoardCore::restore_main(Job& job, const JournalFacts& facts) {
  job.pid = facts.pid;
  const pid_t leader = facts.leader != 0 ? facts.leader : facts.pid;
  const bool other = leader != facts.pid;
  if (!other || is_own_child(leader)) job.leader = leader;
  if (facts.pgid > 0 && (job.leader != 0 || group_exists(facts.pgid))) job.group = facts.pgid;
  if (other) {
    job.main_group = facts.main_group;
    job.main_apart = job.main_group == 0 && process_group(job.pid) != facts.pgid;
  }
  for (const pid_t pid : {job.pid, job.leader})
    if (pid != 0) by_pid_[pid] = job.slot;
  for (const pid_t group : {job.group, job.main_group})
    if (group != 0) by_group_[group] = job.slot;
}

void BoardCore::adopt_helpers(Job& job, const JournalFacts& facts) {
  const std::array<Helper*, 3> helpers = job.helpers();
  for (std::size_t i = 0; i < helpers.size(); ++i) {
    const pid_t pid = facts.helpers[i];
    if (pid <= 0 || !is_own_child(pid)) continue;
    helpers[i]->pid = helpers[i]->group = pid;
    helpers[i]->main_pid = job.pid;
    by_pid_[pid] = job.slot;
    by_group_[pid] = job.slot;
  }
  // Nobody waits for it any more.
  if (job.prober.group != 0) (void)signal_group(job.prober.group, SIGKILL);
}

}  // namespace zinit
