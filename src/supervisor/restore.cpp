// Restores the board from the journal of the previous image of zinit: its records and children.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::restore(Slot slot, const JournalEntry& entry) {
  Record& record = world.record(slot);
  Job& job = *jobs[slot];
  if (entry.known) record = entry.record;
  job.times = entry.facts;
  // The times of the record are on the monotonic clock, which continues across execve(2). `started`
  // is not stored; it follows from the wall time of the last start.
  if (entry.facts.last_start_us > 0) {
    const std::int64_t age = wall_us() - entry.facts.last_start_us;
    job.started = Clock::now() - std::chrono::microseconds(std::max<std::int64_t>(age, 0));
  }
  if (entry.facts.pid > 0 && is_own_child(entry.facts.pid)) {
    const JournalFacts& facts = entry.facts;
    job.process.restore(facts.pid, facts.leader != 0 ? facts.leader : facts.pid, facts.pgid,
                        facts.main_group);
    if (!entry.known) {
      record.state = State::running;
      record.wish = Wish::up;
      record.notified = record.healthy = true;
    }
    record.process = Process::alive;
  } else if (entry.facts.pgid > 0 && group_exists(entry.facts.pgid) &&
             record.process == Process::lingering) {
    job.process.restore_group(entry.facts.pgid);
  } else if (record.process == Process::launching) {
    // The previous image ended before it stored the pid of this spawn. It is done again.
    const bool first = record.state == State::blocked;
    const bool rests =
        at_rest(record.state) && !record.command.post;  // its directories were being removed
    record.process = first || rests ? Process::none : Process::ended;
  } else if (has_process(record) && world.spec(slot).has_process()) {
    // How the process ended is not known; SIGKILL is the most likely.
    process_ended(world, slot, {true, SIGKILL, false}, false);
  }
  restore_side_commands(job, entry.facts);
  restore_cgroup(job);
  if (job.process.pid() != 0 && checked_now(record)) change_checks(job);
  store(slot);
}

void BoardCore::restore_side_commands(Job& job, const JournalFacts& facts) {
  const auto restore = [&](SideCommand& side, pid_t pid) {
    side.order(job.process.pid());
    side.launched(pid);
  };
  const auto [stop, reload, probe] = facts.helpers;
  const auto is_left = [](pid_t pid) { return pid > 0 && is_own_child(pid); };
  if (is_left(stop)) restore(job.side.stop(), stop);
  if (is_left(reload)) restore(job.side.reload(), reload);
  if (!is_left(probe)) return;
  restore(job.side.probe(), probe);
  job.side.probe().kill();  // nothing waits for its result after the re-execution
}

// Processes that the previous image left in the service's cgroup still belong to the service.
void BoardCore::restore_cgroup(Job& job) {
  Record& record = world.record(job.slot);
  if (!job.cgroup.restore()) return;
  if (job.process.pid() != 0 || record.process != Process::ended) return;
  record.process = Process::lingering;
  look_at_unit(job);
}

}  // namespace zinit
