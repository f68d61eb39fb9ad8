// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Job threads. A service that is on its way (on_its_way()) has a thread, named after it. The thread
// waits on the job's condition variable for changes and for the job's deadline, takes the job's
// steps, and carries out its launches without the lock. It ends when the service is at rest.
//
//   - A place is the permission to spawn (spawn_places.hpp). A job with a launch to carry out
//     queues for a place. A thread whose job has come to rest takes over the next queued job that
//     has no thread. If no thread is free, one is started.
//   - A job that only waits gets a thread from the janitor after kShortWait, or at its deadline.
//     Most waits are over earlier and cost no thread.
//   - A launch that hangs loses its place after kSlowLaunch, so that other jobs can spawn. While
//     its thread hangs in the launch, the janitor handles the job's deadlines.
//   - If a thread or spawn fails with EAGAIN, the machine is short of processes. For a while only
//     one job at a time may spawn, and jobs that only wait have no thread: threads would use up
//     what processes need. The janitor handles their deadlines. It also launches for the jobs whose
//     launch failed with EAGAIN: a thread might take the place of the only process still possible.
//
//   requests, ends of processes, readiness, cgroups          a deadline passes
//                        |                                           |
//   +---- the lock ------v-------------------------------------------v---------------+
//   |  change records --> tell_neighbours(): decide() for whom it concerns           |
//   |  take_due_steps(): steps that change a record or send a signal --> enter()     |
//   |                     | what is left: wait, or launch                            |
//   +---------------------|----------------------------------------------------------+
//                         v
//   thread "db"    sleeps on its job's condition variable until its deadline
//   thread "web"   the same; with a place to spawn it launches, without the lock
//   zinit-janitor  log lines, cgroups, and jobs without a thread
//
// To make and end a thread takes 26 us of processor time. With a kShortWait of 10 ms a shutdown of
// 1,000 services made nearly as many threads and took twice as long.
//
// Suspensions. A wait that ends more than 100 ms late shows that zinit did not run, perhaps with
// the whole machine (suspended_for()). While a time limit of a service runs, its thread or the
// janitor looks at the clock every kLongestSleep, so a suspension that ends before the limit is
// noticed too. The lost time is added to the limits of the start, the stop and the commands beside
// the process. A job that is late gives both loops kCatchUp to read what came meanwhile: a service
// that was ready, or gone, in time must not count as late.
#include "supervisor/job_scheduler.hpp"

#include <algorithm>

#include "supervisor/core.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kShortWait{250};

// After this many watched jobs the lock is released for a moment.
constexpr std::size_t kAtOnce = 16;

// Time for other threads to read messages and events that arrived during a suspension.
constexpr Milliseconds kCatchUp{100};

// Ended threads keep their stacks until the janitor joins them. More than this many wake it.
constexpr std::size_t kEndedThreadsKept = 8;

timespec timespec_of(Milliseconds time) {
  return {time.count() / 1000, time.count() % 1000 * 1'000'000};
}

}  // namespace

void JobScheduler::attend(Job& job) {
  if (job.launch) {
    if (Clock::now() >= after(job.launch->since, kSlowLaunch)) core_.launches.help(job);
    return look_by(job.until);
  }
  if (!job.has_work()) places_.withdraw(job.place);
  if (job.has_thread) {
    const bool awake = job.asleep_until == TimePoint{};
    if (!awake && (job.has_work() || job.until < job.asleep_until || !keeps_thread(job))) wake(job);
    return;
  }
  if (!on_its_way(job)) return;
  if (job.has_work() && (places_.ask(job.place) || job.until == kNever)) return;
  watch(job);
  if (!job.has_work()) look_by(places_.processes_short() ? places_.short_until() : job.thread_at);
  look_by(job.until);
}

void JobScheduler::watch(Job& job) {
  if (std::exchange(job.watched, true)) return;
  job.thread_at = after(Clock::now(), kShortWait);
  watched_.push_back(job.slot);
}

bool JobScheduler::on_its_way(const Job& job) {
  const Record& record = core_.world.record(job.slot);
  if (job.has_work() || job.until != kNever) return true;
  switch (record.state) {
    case State::blocked: return !job.rests;
    case State::starting:
    case State::stopping: return true;
    case State::running:
    case State::inactive:
    case State::exited:
    case State::failed: break;
  }
  return false;
}

bool JobScheduler::keeps_thread(const Job& job) {
  return core_.jobs[job.slot].get() == &job && !core_.ending && !places_.processes_short() &&
         !job.without_room && on_its_way(job);
}

void JobScheduler::processes_are_short() {
  if (!places_.note_shortage()) return;
  for (const auto& job : core_.jobs)
    if (job && job->has_thread && !job->place.has_place()) wake(*job);
}

void JobScheduler::hand_out_places() {
  if (core_.ending) return;
  while (const SpawnPlaces::Ticket* const ticket = places_.next()) {
    const std::shared_ptr<Job>& job = core_.jobs[ticket->slot()];
    if (job->has_thread) {
      wake(*job);
    } else if ((job->without_room && places_.processes_short()) || !start_thread(*job)) {
      without_thread_.push_back(job);
      core_.janitor.wake();
    }
  }
}

void JobScheduler::launch_begins(Job& job) {
  watch(job);
  look_by(std::min(job.until, after(job.launch->since, kSlowLaunch)));
}

void JobScheduler::launch_returned(Job& job) { job.clock_seen = std::max(job.clock_seen, looked_); }

void JobScheduler::forget(Job& job) {
  places_.withdraw(job.place);
  wake(job);
}

void JobScheduler::wake(Job& job) {
  if (job.asleep_until == TimePoint{}) return;
  job.asleep_until = {};
  to_wake_.push_back(core_.jobs[job.slot]);
}

std::list<Thread> JobScheduler::end() {
  for (const auto& job : core_.jobs)
    if (job) job->wake.notify_one();
  while (!threads_.empty()) all_ended_.wait(core_.mutex());
  return take_ended();
}

// --- threads ---

Result<void> JobScheduler::start_thread(Job& job) {
  const auto place = threads_.emplace(threads_.end());
  auto thread = Thread::start(
      job.name, kSmallStackBytes,
      [this, job = core_.jobs[job.slot], place]() mutable { run_jobs(std::move(job), place); });
  if (!thread) {
    threads_.erase(place);
    processes_are_short();
    return Failure(thread.error());
  }
  *place = std::move(*thread);
  given_thread(job);
  return {};
}

/// A thread takes over the job. The thread is awake; until now the janitor has looked at the clock
/// for this job.
void JobScheduler::given_thread(Job& job) {
  job.has_thread = true;
  job.asleep_until = {};
  job.clock_seen = std::max(job.clock_seen, looked_);
}

/// The body of a thread: runs its job, then the queued jobs that have no thread.
void JobScheduler::run_jobs(std::shared_ptr<Job> job, std::list<Thread>::iterator thread) {
  core_.mutex().lock();
  while (job) {
    run_job(*job);
    const SpawnPlaces::Ticket* const ticket = core_.ending ? nullptr : places_.next();
    if (ticket == nullptr) break;
    job = core_.jobs[ticket->slot()];
    if (!job->has_thread) {
      given_thread(*job);
      set_thread_name(job->name);
    } else {  // it has its own thread
      wake(*job);
      job = nullptr;
    }
  }
  ended_threads_.splice(ended_threads_.end(), threads_, thread);
  if (ended_threads_.size() > kEndedThreadsKept) core_.janitor.wake();
  if (threads_.empty()) all_ended_.notify_one();
  core_.let_go();
}

void JobScheduler::run_job(Job& job) {
  while (!core_.ending && core_.jobs[job.slot].get() == &job) {
    look_at_clock(job);
    if (Clock::now() >= job.until) {
      catch_up({&core_.jobs[job.slot], 1});
      if (core_.jobs[job.slot].get() != &job) break;
      core_.pass_deadline(job);
    }
    core_.take_steps(job, BoardCore::Whose::own);
    core_.take_due_steps();
    if (!job.has_work()) {
      places_.give_back(job.place);
    } else if (places_.ask(job.place)) {
      core_.launches.carry_out(job);
      continue;
    }
    if (!keeps_thread(job)) break;  // first: a queued job can take this thread
    hand_out_places();
    // hand_out_places() may have given this job a place or work.
    if (job.place.has_place() || (job.has_work() && !job.place.queued())) continue;
    if (!keeps_thread(job)) break;
    sleep(job);
  }
  end_thread(job);
}

void JobScheduler::sleep(Job& job) {
  job.asleep_until = job.until;
  for (const auto& other : take_woken()) other->wake.notify_one();
  if (core_.janitor.take_wake()) core_.janitor.notify();
  while (!core_.ending && job.asleep_until != TimePoint{} && Clock::now() < job.asleep_until) {
    const TimePoint soon = is_limited(job) ? after(Clock::now(), kLongestSleep) : kNever;
    const TimePoint due = std::min(job.asleep_until, soon);
    if (due == kNever)
      job.wake.wait(core_.mutex());
    else
      job.wake.wait_until(core_.mutex(), due);
    if (core_.jobs[job.slot].get() == &job) look_at_clock(job);
  }
  job.asleep_until = {};
}

/// Whether a time limit for one of its processes runs.
bool JobScheduler::is_limited(const Job& job) const {
  return core_.world.record(job.slot).deadline != kNever || job.side.deadline() != kNever;
}

/// Adds time in which zinit was suspended to the service's time limits: the whole container or
/// machine, and so the service, may have been suspended too. The job's next steps use the new
/// limits.
void JobScheduler::look_at_clock(Job& job) {
  if (!is_limited(job)) return;
  const TimePoint now = Clock::now();
  // The janitor looks after a job that has no thread, or whose thread is in a launch.
  const TimePoint seen = std::exchange(job.clock_seen, now);
  const bool looks = job.has_thread && !job.launch;
  const TimePoint before = looks ? seen : std::max(seen, looked_);
  const Milliseconds lost = suspended_for(after(before, kLongestSleep), now);
  if (seen == TimePoint{} || lost == Milliseconds{0}) return;
  TimePoint& deadline = core_.world.record(job.slot).deadline;
  if (deadline != kNever) deadline = after(deadline, lost);
  for (SideCommand& side : job.side.all())
    if (side.deadline() != kNever) side.limit(after(side.deadline(), lost));
}

void JobScheduler::end_thread(Job& job) {
  job.has_thread = false;
  if (!job.place.queued()) places_.give_back(job.place);
  if (core_.ending || core_.jobs[job.slot].get() != &job) return;
  if (!on_its_way(job)) return;
  if (!job.has_work() || job.until != kNever) watch(job);
  look_by(job.until);
}

/// If deadlines are handled late, after a suspension, messages that arrived in time are read first:
/// otherwise a service that became ready or ended in time would count as too late. Releases the
/// lock meanwhile, so a job may have left its slot afterwards.
void JobScheduler::catch_up(std::span<const std::shared_ptr<Job>> which) {
  std::vector<CheckedProcessPtr> late;
  for (const auto& job : which)
    if (job && Clock::now() >= after(job->until, kWasSuspended)) late.push_back(job->checked);
  if (late.empty()) return;
  core_.let_go();
  const timespec time = timespec_of(kCatchUp);
  ::nanosleep(&time, nullptr);
  for (const CheckedProcessPtr& process : late)
    if (process) core_.watchers.drain(*process);  // in case kCatchUp was too short for a busy loop
  core_.mutex().lock();
}

// --- watched jobs, on the janitor's thread ---

TimePoint JobScheduler::next_look() {
  std::erase_if(watched_, [&](Slot slot) REQUIRES(board_lock) { return !to_be_watched(slot); });
  if (watched_.empty()) watch_at_ = kNever;
  const bool limited = std::ranges::any_of(watched_, [&](Slot slot) REQUIRES(board_lock) {
    return core_.jobs[slot] && is_limited(*core_.jobs[slot]);
  });
  look_at_clocks();  // so that the time of this round's work does not count as part of the rest
  return std::min(watch_at_, limited ? after(Clock::now(), kLongestSleep) : kNever);
}

/// Looks at the clock for the watched jobs. There may be a thousand, so each is looked at only if
/// zinit was suspended. A round of work longer than kLongestSleep counts as a suspension, too: this
/// makes deadlines late, while telling the two apart might make them too early.
void JobScheduler::look_at_clocks() {
  const TimePoint now = Clock::now();
  if (suspended_for(after(looked_, kLongestSleep), now) > Milliseconds{0}) {
    for (const Slot slot : watched_)
      if (core_.jobs[slot]) look_at_clock(*core_.jobs[slot]);
  }
  looked_ = now;
}

/// Makes the janitor look after the watched jobs at `at`.
void JobScheduler::look_by(TimePoint at) {
  if (at >= watch_at_) return;
  watch_at_ = at;
  core_.janitor.wake_by(at);
}

/// Whether the janitor must keep watching the job; notes the answer in the job. A quick test that
/// may keep a job without need.
bool JobScheduler::to_be_watched(Slot slot) {
  Job* const job = core_.jobs[slot].get();
  if (job == nullptr) return false;
  const State state = core_.world.record(slot).state;
  const bool rests = (at_rest(state) || state == State::running) && job->until == kNever;
  job->watched = job->launch || (!job->has_thread && (!rests || job->has_work()));
  return job->watched;
}

void JobScheduler::watch_jobs() {
  if (core_.ending || Clock::now() < watch_at_) return;
  watch_at_ = kNever;
  std::vector<std::shared_ptr<Job>> watched;
  for (const Slot slot : std::exchange(watched_, {}))
    if (core_.jobs[slot]) watched.push_back(core_.jobs[slot]);
  for (const auto& job : watched) job->watched = false;
  catch_up(watched);
  std::size_t looked_at = 0;
  for (const auto& job : watched) {
    if (core_.jobs[job->slot] != job) continue;
    const TimePoint again = job->launch ? watch_launch(*job) : watch_waiting(*job);
    if (again == TimePoint{}) continue;
    if (!std::exchange(job->watched, true)) watched_.push_back(job->slot);
    look_by(again);
    // Starting threads for many jobs takes time: let other threads have the lock in between.
    if (++looked_at % kAtOnce != 0) continue;
    core_.let_go();
    core_.mutex().lock();
  }
}

/// Does what the job's thread would do when the job's deadline has passed.
void JobScheduler::pass_deadline_for(Job& job) {
  look_at_clock(job);
  if (Clock::now() < job.until) return;
  core_.pass_deadline(job);
  core_.take_steps(job, BoardCore::Whose::own);
  attend(job);
}

void JobScheduler::work_without_threads() {
  for (const auto& job : std::exchange(without_thread_, {})) work_without_thread(*job);
}

/// Carries out a launch on the janitor's thread. If the launch hangs, deadlines of jobs without a
/// thread pass unhandled until the launch is over or no longer wanted (Launches::help()).
void JobScheduler::work_without_thread(Job& job) {
  const bool there = !core_.ending && core_.jobs[job.slot].get() == &job;
  if (there) core_.take_steps(job, BoardCore::Whose::others);  // the launch may no longer be due
  if (there && job.has_work()) return core_.launches.carry_out(job);
  places_.give_back(job.place);
  if (there) attend(job);
}

/// @return  when to look again; the epoch: the job has a thread or needs none
TimePoint JobScheduler::watch_waiting(Job& job) {
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
TimePoint JobScheduler::watch_launch(Job& job) {
  pass_deadline_for(job);
  const TimePoint now = Clock::now();
  const TimePoint slow = after(job.launch->since, kSlowLaunch);
  // A step whose deadline has passed is killed without waiting for kSlowLaunch.
  const bool over = now >= core_.world.record(job.slot).deadline;
  if (now < slow && !over) return std::min(slow, job.until);
  places_.give_back(job.place);
  core_.launches.help(job);
  return std::min(after(now, kSlowLaunch), job.until);
}

}  // namespace zinit
