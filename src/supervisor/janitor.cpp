// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The janitor: a thread for slow work that belongs to no job. It writes the log lines that were
// queued under the lock, removes cgroups, drops removed services from the graph, and looks after
// jobs without a thread. If no more threads can be started, it also launches for those jobs.
//
// Lines that wait are bounded: lines beyond the bound are counted, and the count is logged.
#include <algorithm>
#include <exception>

#include "base/jitter.hpp"
#include "model/predicates.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

// Log lines queued within this time of the first are written together. Otherwise a boot of 1,000
// services would wake the janitor for each line and take processor time from the services.
constexpr Milliseconds kGather{1};

// After this many watched jobs the lock is released for a moment.
constexpr std::size_t kAtOnce = 16;

}  // namespace

void BoardCore::janitor() noexcept {
  mutex.lock();
  bool more = true;
  while (more) {
    try {
      more = janitor_round();
    } catch (const std::exception& fault) {  // not expected, but this thread must not end
      log_error("janitor: {}", fault.what());
    }
  }
  mutex.unlock();
}

/// Does all work that is due, then waits for more.
/// @return  false if zinit ends and this was the last round
bool BoardCore::janitor_round() {
  look_at_clocks();
  if (std::exchange(janitor_gathers_, false) && !ending_)
    janitor_pause_.wait_until(mutex, after(Clock::now(), kGather));
  if (kHasJitter) without_lock([] { jitter("work of the janitor"); });
  if (sweep_wanted_) sweep();
  if (std::exchange(groups_to_see_, false)) see_groups();
  remove_cgroups();
  go_on_signalling();
  if (!ending_ && Clock::now() >= watch_at_) watch_jobs();
  for (const auto& job : std::exchange(without_thread_, {})) work_without_thread(*job);
  std::list<Thread> ended = std::exchange(ended_threads_, {});
  log_.tell_left_out();
  const LogWriter::Lines lines = log_.take();
  const bool end = ending_;
  let_go();
  ended.clear();
  if (!lines.lines.empty()) jitter("write of zinit's log");
  LogWriter::write(lines, output_);
  mutex.lock();
  if (!end && janitor_rests()) rest();
  return !end || !log_.empty();
}

bool BoardCore::janitor_rests() const {
  return !ending_ && log_.empty() && !sweep_wanted_ && !groups_to_see_ && unused_cgroups_.empty() &&
         without_thread_.empty() && to_signal_.empty();
}

void BoardCore::rest() {
  std::erase_if(watched_, [&](Slot slot) REQUIRES(mutex) { return !to_be_watched(slot); });
  if (watched_.empty()) watch_at_ = kNever;
  if (Clock::now() >= watch_at_) return;
  const bool limited = std::ranges::any_of(
      watched_, [&](Slot slot) REQUIRES(mutex) { return jobs[slot] && is_limited(*jobs[slot]); });
  look_at_clocks();  // so that the time of this round's work does not count as part of the rest
  const TimePoint due =
      std::min({watch_at_, limited ? after(Clock::now(), kLongestSleep) : kNever, log_.tell_at()});
  janitor_until_ = due;
  if (due == kNever)
    janitor_wake_.wait(mutex);
  else
    janitor_wake_.wait_until(mutex, due);
  janitor_until_ = {};
  janitor_gathers_ = true;
}

/// Looks at the clock for the watched jobs. There may be a thousand, so each is looked at only if
/// zinit was suspended. A round of work longer than kLongestSleep counts as a suspension, too: this
/// makes deadlines late, while telling the two apart might make them too early.
void BoardCore::look_at_clocks() {
  const TimePoint now = Clock::now();
  if (suspended_for(after(janitor_looked_, kLongestSleep), now) > Milliseconds{0}) {
    for (const Slot slot : watched_)
      if (jobs[slot]) look_at_clock(*jobs[slot]);
  }
  janitor_looked_ = now;
}

/// Makes the janitor look after the watched jobs at `at`.
void BoardCore::janitor_by(TimePoint at) {
  if (at >= watch_at_) return;
  watch_at_ = at;
  if (at < janitor_until_) wake_janitor();
}

/// Whether the janitor must keep watching the job; notes the answer in the job. A quick test that
/// may keep a job without need.
bool BoardCore::to_be_watched(Slot slot) {
  Job* const job = jobs[slot].get();
  if (job == nullptr) return false;
  const State state = world.record(slot).state;
  const bool rests = (at_rest(state) || state == State::running) && job->until == kNever;
  job->watched = job->launch || (!job->has_thread && (!rests || job->has_work()));
  return job->watched;
}

void BoardCore::watch_jobs() {
  watch_at_ = kNever;
  std::vector<std::shared_ptr<Job>> watched;
  for (const Slot slot : std::exchange(watched_, {}))
    if (jobs[slot]) watched.push_back(jobs[slot]);
  for (const auto& job : watched) job->watched = false;
  catch_up(watched);
  std::size_t looked_at = 0;
  for (const auto& job : watched) {
    if (jobs[job->slot] != job) continue;
    const TimePoint again = job->launch ? watch_launch(*job) : watch_waiting(*job);
    if (again == TimePoint{}) continue;
    if (!std::exchange(job->watched, true)) watched_.push_back(job->slot);
    janitor_by(again);
    // Starting threads for many jobs takes time: let other threads have the lock in between.
    if (++looked_at % kAtOnce != 0) continue;
    let_go();
    mutex.lock();
  }
}

/// Does what the job's thread would do when the job's deadline has passed.
void BoardCore::pass_deadline_for(Job& job) {
  look_at_clock(job);
  if (Clock::now() < job.until) return;
  pass_deadline(job);
  take_steps(job, Whose::own);
  attend(job);
}

/// Carries out a launch on the janitor's thread. If the launch hangs, deadlines of jobs without a
/// thread pass unhandled until the launch is over or no longer wanted (help_launch()).
void BoardCore::work_without_thread(Job& job) {
  const bool there = !ending_ && jobs[job.slot].get() == &job;
  if (there) take_steps(job, Whose::others);  // the launch may no longer be due
  if (there && job.has_work()) return work(job);
  places_.give_back(job.place);
  if (there) attend(job);
}

/// @return  when to look again; the epoch: the job has a thread or needs none
TimePoint BoardCore::watch_waiting(Job& job) {
  if (job.has_thread || !on_its_way(job)) return {};
  if (job.place.queued() || job.place.has_place()) {
    pass_deadline_for(job);
    return job.until;
  }
  const bool without = places_.processes_short() || job.without_room;
  if (!without && Clock::now() < std::min(job.until, job.thread_at))
    return std::min(job.until, job.thread_at);
  if (!without && start_thread(job)) return {};
  pass_deadline_for(job);
  if (job.has_work()) static_cast<void>(places_.ask(job.place));
  return std::min(job.until, places_.processes_short() ? places_.short_until() : kNever);
}

/// @return  when to look again
TimePoint BoardCore::watch_launch(Job& job) {
  pass_deadline_for(job);
  const TimePoint now = Clock::now();
  const TimePoint slow = after(job.launch->since, kSlowLaunch);
  // A step whose deadline has passed is killed without waiting for kSlowLaunch.
  const bool over = now >= world.record(job.slot).deadline;
  if (now < slow && !over) return std::min(slow, job.until);
  places_.give_back(job.place);
  help_launch(job);
  return std::min(after(now, kSlowLaunch), job.until);
}

/// Forgets the groups of lingering services that hold only zombies. Reads all processes once for
/// all of these groups.
void BoardCore::see_groups() {
  Result<std::vector<pid_t>> alive;
  without_lock([&] { alive = groups_in_use(); });
  if (!alive) return;
  for (const auto& job : jobs) {
    if (!job || !(std::exchange(job->sees_group, false) || job->group_poll.longest())) continue;
    if (world.record(job->slot).process != Process::lingering) continue;
    job->process.forget_all_but(*alive);
    for (SideCommand& side : job->side.all()) side.group().forget_all_but(*alive);
    look_at_unit(*job);
  }
}

void BoardCore::sweep() {
  std::vector<GraphEntry> entries;
  for (const Slot slot : world.graph->order()) {
    const Node& node = world.graph->node(slot);
    if (node.removed && !is_live(slot)) continue;
    entries.push_back({node.spec, slot, node.load_order, node.removed});
  }
  adopt(Plan{{}, Graph::build(entries, world.graph->masked())}, false);
  sweep_wanted_ = false;
}

// --- cgroups ---

// If a cgroup cannot be removed now, zinit removes it when it ends.
void BoardCore::drop_cgroup(Job& job) {
  if (!job.cgroup.release()) return;
  unused_cgroups_.push_back(job.name);
  wake_janitor();
}

void BoardCore::remove_cgroups() {
  const std::vector<std::string> unused = std::exchange(unused_cgroups_, {});
  if (unused.empty()) return;
  CgroupTree* const tree = cgroups.tree();
  without_lock([&] {
    for (const std::string& name : unused) tree->remove(name);
  });
}

/// Others may add signals meanwhile, but only the janitor removes them.
void BoardCore::go_on_signalling() {
  if (to_signal_.empty()) return;
  CgroupSignal& oldest = to_signal_.front();
  bool done = false;
  without_lock([&] { done = oldest.send_some(); });
  if (done) to_signal_.pop_front();
}

}  // namespace zinit
