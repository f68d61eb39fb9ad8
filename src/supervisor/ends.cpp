// Ends of processes: whose it was, what it leaves behind, and the reaping. All under the board's
// lock, so that nobody signals a pid or a group whose number is free.
#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::child_ended(pid_t pid, const ProcessEnd& end) {
  const Telling telling(*this);
  if (const auto main = by_pid_.find(pid); main != by_pid_.end()) {
    const Slot slot = main->second;
    main_ended(*jobs[slot], end, Left::zombie);
    return advance(slot);
  }
  const auto group = process_group(pid);
  // A leader of its own group, while processes are being spawned: perhaps one whose pid is not
  // known yet. Kept before it is reaped: where there is no memory for that, it comes again.
  const bool unclaimed = group && *group == pid && !launches_.empty() && !by_group_.contains(pid);
  if (unclaimed) unclaimed_[pid] = {end, true, launches_.back()};
  reap(pid);
  if (!group || group_exists(*group)) return;
  if (const auto found = unclaimed_.find(*group); found != unclaimed_.end())
    found->second.group_left = false;
  const auto member = by_group_.find(*group);
  if (member == by_group_.end() || jobs[member->second]->pid != 0) return;
  const Slot slot = member->second;
  if (look_at_unit(*jobs[slot])) advance(slot);
}

void BoardCore::claim_end(Job& job, std::uint64_t launch) {
  const auto found = unclaimed_.find(job.pid);
  if (found == unclaimed_.end()) return;
  const UnclaimedEnd unclaimed = found->second;
  unclaimed_.erase(found);
  if (unclaimed.latest_launch < launch) return;
  main_ended(job, unclaimed.end, unclaimed.group_left ? Left::group : Left::nothing);
}

void BoardCore::forget_unclaimed() {
  const std::uint64_t oldest = launches_.empty() ? next_launch_ : launches_.front();
  std::erase_if(unclaimed_, [&](const auto& entry) { return entry.second.latest_launch < oldest; });
}

void BoardCore::main_ended(Job& job, const ProcessEnd& end, Left left) {
  const State state = world.record(job.slot).state;
  // What a process that ended by itself leaves behind goes at once; while a stop is under way, the
  // rest of the group has its stop timeout. Where nothing is left the number is not ours any more.
  const bool stopped = state == State::stopping || state == State::failed;
  if (!stopped) kill_cgroup(job);
  if (!stopped && left != Left::nothing) signal_group_of(job, SIGKILL);
  ProcessEnd known = end;
  known.out_of_memory = out_of_memory(job, end);
  process_ended(world, job.slot, known, true);
  by_pid_.erase(job.pid);
  const pid_t pid = std::exchange(job.pid, 0);
  job.pidfd.reset();
  job.facts.last_stop_us = wall_us();
  store(job.slot);  // before the pid is free: a crash between the two must not adopt a stranger
  if (left == Left::zombie) reap(pid);
  if (left == Left::nothing) forget_group(job);
  if (look_at_unit(job)) return;
  wake(job);  // what nobody tells of it has to look for
  touched({&job.slot, 1});
}

/// The number is free, or will be soon.
void BoardCore::forget_group(Job& job) {
  by_group_.erase(job.group);
  job.group = 0;
}

bool BoardCore::look_at_unit(Job& job) {
  if (job.group != 0 && !group_exists(job.group)) forget_group(job);
  if (job.group != 0) return false;
  if (cgroup_left(job)) {
    tend_escaped(job);
    // Once more, now that it is watched: the last process may have gone in between.
    if (cgroup_left(job)) return false;
  }
  unit_ended(job);
  return true;
}

void BoardCore::unit_ended(Job& job) {
  unwatch_cgroup(job);
  job.cgroup = false;
  group_gone(world, job.slot);
  touched({&job.slot, 1});
}

}  // namespace zinit
