// Ends of processes: whose it was, what it leaves behind, and the reaping. All under the board's
// lock, so that nobody signals a pid or a group whose number is free.
#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::child_ended(pid_t pid, const ProcessEnd& end) {
  const Telling telling(*this);
  if (const auto known = by_pid_.find(pid); known != by_pid_.end()) {
    const Slot slot = known->second;
    Job& job = *jobs[slot];
    if (pid == job.pid)
      main_ended(job, end, Left::zombie);
    else
      helper_ended(job, pid == job.stopper.pid ? job.stopper : job.reloader, end, Left::zombie);
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
  if (member == by_group_.end()) return;
  const Slot slot = member->second;
  if (look_at_unit(*jobs[slot])) advance(slot);
}

/// The end of a process that a launch has just made known, where it came before that.
std::optional<BoardCore::ClaimedEnd> BoardCore::claim_end(pid_t pid, std::uint64_t launch) {
  const auto found = unclaimed_.find(pid);
  if (found == unclaimed_.end()) return std::nullopt;
  const UnclaimedEnd unclaimed = found->second;
  unclaimed_.erase(found);
  if (unclaimed.latest_launch < launch) return std::nullopt;
  return ClaimedEnd{unclaimed.end, unclaimed.group_left ? Left::group : Left::nothing};
}

void BoardCore::forget_unclaimed() {
  const std::uint64_t oldest = launches_.empty() ? next_launch_ : launches_.front();
  std::erase_if(unclaimed_, [&](const auto& entry) { return entry.second.latest_launch < oldest; });
}

void BoardCore::main_ended(Job& job, const ProcessEnd& end, Left left) {
  const Record& record = world.record(job.slot);
  const bool post = record.post;
  // What a process that ended by itself leaves behind goes at once; while a stop is under way, the
  // rest of the group has its stop timeout. Where nothing is left the number is not ours any more.
  const bool has_time = record.state == State::stopping || record.state == State::failed;
  if (left == Left::nothing) forget_group({&job.pid, &job.group});
  if (post || !has_time) kill_all(job);
  ProcessEnd known = end;
  known.out_of_memory = out_of_memory(job, end);
  process_ended(world, job.slot, known, true);
  by_pid_.erase(job.pid);
  const pid_t pid = std::exchange(job.pid, 0);
  job.pidfd.reset();
  if (!post) {
    job.ended = Clock::now();
    job.facts.last_stop_us = wall_us();
  }
  store(job.slot);  // before the pid is free: a crash between the two must not adopt a stranger
  if (left == Left::zombie) reap(pid);
  if (!look_at_unit(job)) {
    wake(job);  // what nobody tells of it has to look for
    touched({&job.slot, 1});
  }
  if (post && end != ProcessEnd{}) {
    say(LogLevel::warn, fmt::format("{}: post_exec {}", world.graph->name(job.slot),
                                    reason_text(reason_of_end(end))));
  }
}

std::array<BoardCore::Leftover, 3> BoardCore::leftovers(Job& job) {
  return {Leftover{&job.pid, &job.group}, Leftover{&job.stopper.pid, &job.stopper.group},
          Leftover{&job.reloader.pid, &job.reloader.group}};
}

void BoardCore::forget_group(const Leftover& gone) {
  by_group_.erase(*gone.group);
  *gone.group = 0;
}

void BoardCore::forget_gone(Job& job) {
  for (const Leftover& each : leftovers(job)) {
    if (*each.group != 0 && *each.leader == 0 && !group_exists(*each.group)) forget_group(each);
  }
}

bool BoardCore::look_at_unit(Job& job) {
  forget_gone(job);
  if (job.group != 0 || !job.stopper.gone() || !job.reloader.gone()) return false;
  if (world.record(job.slot).process != Process::lingering) return false;
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
