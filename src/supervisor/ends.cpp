// Ends of processes: whose it was, what it leaves behind, and the reaping. All under the board's
// lock, so that nobody signals a pid or a group whose number is free.
#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::hear_last_words(pid_t pid) {
  const auto known = by_pid_.find(pid);
  if (known == by_pid_.end() || !jobs[known->second]) return;
  const Job& job = *jobs[known->second];
  if (job.pid != pid) return;
  if (const CheckedProcessPtr checked = job.checked) without_lock([&] { checks_.drain(*checked); });
}

void BoardCore::child_ended(pid_t pid, const ProcessEnd& end) {
  if (const auto known = by_pid_.find(pid); known != by_pid_.end()) {
    Job* const job = jobs[known->second].get();
    if (job != nullptr && own_ended(*job, pid, end)) return due(*job);
    by_pid_.erase(known);  // nobody's, or it would come again for ever
  }
  const auto group = process_group(pid);
  // A leader of its own group, while processes are being spawned: perhaps one whose pid is not
  // known yet. Kept before it is reaped: where there is no memory for that, it comes again.
  const std::optional<std::uint64_t> latest = launcher_.latest();
  if (latest && group && *group == pid && !by_group_.contains(pid))
    unclaimed_[pid] = {end, true, *latest};
  reap(pid);
  if (!group || group_exists(*group)) return;
  if (const auto found = unclaimed_.find(*group); found != unclaimed_.end())
    found->second.group_left = false;
  const auto member = by_group_.find(*group);
  if (member == by_group_.end()) return;
  if (Job* const job = jobs[member->second].get()) look_at_unit(*job);
}

/// @return  false: `pid` is none of the job's
bool BoardCore::own_ended(Job& job, pid_t pid, const ProcessEnd& end) {
  Helper* const helper = job.helper_with(pid);
  if (pid == job.pid && goes_to_background(job, end))
    went_to_background(job, Left::zombie);
  else if (pid == job.pid)
    main_ended(job, end, Left::zombie);
  else if (pid == job.leader)
    leader_ended(job, Left::zombie);
  else if (helper != nullptr)
    helper_ended(job, *helper, end, Left::zombie);
  else
    return false;
  return true;
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

/// It is reaped already. What it has said of itself is heard before that counts: perhaps it has
/// made another the main process, or is one that went to the background.
void BoardCore::claimed_end(Job& job, const ClaimedEnd& claimed) {
  const pid_t pid = job.pid;
  if (const CheckedProcessPtr checked = job.checked) {
    // The number is not ours any more: nobody may signal it meanwhile.
    if (claimed.left == Left::nothing) forget_group({&job.leader, &job.group});
    without_lock([&] { checks_.drain(*checked); });
    if (job.pid != pid) return job.leader == pid ? leader_ended(job, claimed.left) : void();
    if (goes_to_background(job, claimed.end)) return went_to_background(job, claimed.left);
  }
  main_ended(job, claimed.end, claimed.left);
}

void BoardCore::forget_unclaimed() {
  const std::uint64_t oldest = launcher_.oldest();
  std::erase_if(unclaimed_, [&](const auto& entry) { return entry.second.latest_launch < oldest; });
}

void BoardCore::main_ended(Job& job, const ProcessEnd& end, Left left) {
  const Record& record = world.record(job.slot);
  const bool post = record.post;
  // What a process that ended by itself leaves behind goes at once; while a stop is under way, the
  // rest of the group has its stop timeout. Where nothing is left the number is not ours any more.
  const bool has_time = record.state == State::stopping || record.state == State::failed;
  if (left == Left::nothing) forget_group({&job.leader, &job.group});
  if (post || !has_time) kill_all(job);
  ProcessEnd known = end;
  known.out_of_memory = out_of_memory(job, end);
  drop_watch(job.memory_watch);
  end_checks(job);
  process_ended(world, job.slot, known, true);
  by_pid_.erase(job.pid);
  const pid_t pid = std::exchange(job.pid, 0);
  if (job.leader == pid) job.leader = 0;
  job.main_apart = false;
  job.pidfd.reset();
  if (!post) {
    job.ended = Clock::now();
    job.facts.last_stop_us = wall_us();
  }
  store(job.slot);  // before the pid is free: a crash between the two must not adopt a stranger
  if (left == Left::zombie) reap(pid);
  if (!look_at_unit(job)) {
    due(job);  // what nobody tells of it has to look for
    touched({&job.slot, 1});
  }
  if (post && end != ProcessEnd{}) {
    say(LogLevel::warn, fmt::format("{}: post_exec {}", world.graph->name(job.slot),
                                    reason_text(reason_of_end(end))));
  }
}

std::array<BoardCore::Leftover, 5> BoardCore::leftovers(Job& job) {
  return {Leftover{&job.leader, &job.group}, Leftover{&job.pid, &job.main_group},
          Leftover{&job.stopper.pid, &job.stopper.group},
          Leftover{&job.reloader.pid, &job.reloader.group},
          Leftover{&job.prober.pid, &job.prober.group}};
}

void BoardCore::forget_group(const Leftover& gone) {
  if (*gone.group == 0) return;
  by_group_.erase(*gone.group);
  *gone.group = 0;
}

// While there is a group the kernel gives its number to no process. So where zinit has reaped the
// leader, and a process has its number, it is a stranger's, and perhaps the group as well.
void BoardCore::forget_gone(Job& job) {
  for (const Leftover& each : leftovers(job)) {
    if (*each.group == 0 || *each.leader != 0) continue;
    const bool had_leader = each.group != &job.main_group;  // which was zinit's child
    if (!group_exists(*each.group) || (had_leader && process_exists(*each.group)))
      forget_group(each);
  }
}

bool BoardCore::look_at_unit(Job& job) {
  forget_gone(job);
  const bool in_background = job.pid == 0 && world.record(job.slot).process == Process::alive;
  if (in_background && job.group == 0 && job.cgroup && !cgroup_left(job)) give_up_main(job);
  if (job.group != 0 || job.main_group != 0) return false;
  for (const Helper* helper : job.helpers()) {
    if (!helper->gone()) return false;
  }
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
  drop_watch(job.cgroup_watch);
  job.cgroup = false;
  group_gone(world, job.slot);
  touched({&job.slot, 1});
}

}  // namespace zinit
