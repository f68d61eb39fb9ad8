// Ends of processes: whose it was, what it leaves behind, and the reaping. All under the board's
// lock, so that nobody signals a pid or a group whose number is free.
#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::child_ended(pid_t pid, const ProcessEnd& end) {
  if (const auto main = by_pid_.find(pid); main != by_pid_.end()) {
    return main_ended(*jobs[main->second], end, false);
  }
  const auto group = process_group(pid);
  reap(pid);
  if (!group) return;
  if (const auto member = by_group_.find(*group); member != by_group_.end()) {
    Job& job = *jobs[member->second];
    if (job.pid == 0 && !group_exists(job.group)) group_ended(job);
    return;
  }
  // A leader of its own group, while processes are being spawned: perhaps one whose pid is not
  // known yet.
  if (launches_.empty() || *group != pid) return;
  unclaimed_[pid] = {end, group_exists(pid), *launches_.rbegin()};
}

void BoardCore::claim_end(Job& job, std::uint64_t launch) {
  if (const auto found = unclaimed_.find(job.pid); found != unclaimed_.end()) {
    const UnclaimedEnd unclaimed = found->second;
    unclaimed_.erase(found);
    if (unclaimed.latest_launch >= launch) main_ended(job, unclaimed.end, true);
  }
  const std::uint64_t oldest = launches_.empty() ? next_launch_ : *launches_.begin();
  std::erase_if(unclaimed_, [&](const auto& entry) { return entry.second.latest_launch < oldest; });
}

void BoardCore::main_ended(Job& job, const ProcessEnd& end, bool reaped) {
  const State state = world.record(job.slot).state;
  // What a process that ended by itself leaves behind goes at once; while a stop is under way, the
  // rest of the group has its stop timeout.
  if (state != State::stopping && state != State::failed) signal_job(job, SIGKILL);
  by_pid_.erase(job.pid);
  const pid_t pid = std::exchange(job.pid, 0);
  job.pidfd.reset();
  job.facts.last_stop_us = wall_us();
  process_ended(world, job.slot, end, true);
  store(job.slot);  // before the pid is free: a crash between the two must not adopt a stranger
  if (!reaped) reap(pid);
  if (!group_exists(job.group)) return group_ended(job);
  touched({&job.slot, 1});
}

void BoardCore::group_ended(Job& job) {
  by_group_.erase(job.group);
  job.group = 0;
  group_gone(world, job.slot);
  touched({&job.slot, 1});
}

}  // namespace zinit
