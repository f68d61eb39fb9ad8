// A board from a journal: the records of the image of zinit that ran before, and its children.
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

namespace {

/// Whether `pid` is a child of this process that nobody has reaped: over an execve(2) children
/// stay, and only zinit itself reaps them, so the number is still the same process's.
bool is_own_child(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

}  // namespace

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
    job.pid = job.group = entry.facts.pid;
    job.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, job.pid, 0)));
    by_pid_[job.pid] = slot;
    by_group_[job.group] = slot;
    if (!entry.known) {
      record.state = State::running;
      record.wish = Wish::up;
      record.ready = true;
    }
    record.process = Process::alive;
  } else if (entry.facts.pgid > 0 && group_exists(entry.facts.pgid) &&
             record.process == Process::lingering) {
    job.group = entry.facts.pgid;
    by_group_[job.group] = slot;
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
  store(slot);
}

void BoardCore::adopt_helpers(Job& job, const JournalFacts& facts) {
  const std::array<Helper*, 2> helpers{&job.stopper, &job.reloader};
  for (std::size_t i = 0; i < helpers.size(); ++i) {
    const pid_t pid = facts.helpers[i];
    if (pid <= 0 || !is_own_child(pid)) continue;
    helpers[i]->pid = helpers[i]->group = pid;
    helpers[i]->main_pid = job.pid;
    by_pid_[pid] = job.slot;
    by_group_[pid] = job.slot;
  }
}

}  // namespace zinit
