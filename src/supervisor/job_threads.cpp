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
#include <algorithm>
#include <array>

#include "base/kill_point.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kShortWait{250};

// Places for crash tests, before each kind of order (base/kill_point.hpp). By LaunchOrder::What.
constexpr std::array kBeforeOrders = {
    "order.main",  "order.pre",   "order.post",      "order.stop", "order.reload", "order.probe",
    "order.clean", "order.limit", "order.condition", "order.left", "order.ready",  "order.check"};

// Time for other threads to read messages and events that arrived during a suspension.
constexpr Milliseconds kCatchUp{100};

// Ended threads keep their stacks until the janitor joins them. More than this many wake it.
constexpr std::size_t kEndedThreadsKept = 8;

timespec timespec_of(Milliseconds time) {
  return {time.count() / 1000, time.count() % 1000 * 1'000'000};
}

}  // namespace

void BoardCore::attend(Job& job) {
  if (job.launch) {
    if (Clock::now() >= after(job.launch->since, kSlowLaunch)) help_launch(job);
    return janitor_by(job.until);
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
  if (!job.has_work())
    janitor_by(places_.processes_short() ? places_.short_until() : job.thread_at);
  janitor_by(job.until);
}

void BoardCore::watch(Job& job) {
  if (std::exchange(job.watched, true)) return;
  job.thread_at = after(Clock::now(), kShortWait);
  watched_.push_back(job.slot);
}

bool BoardCore::on_its_way(const Job& job) {
  const Record& record = world.record(job.slot);
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

bool BoardCore::keeps_thread(const Job& job) {
  return jobs[job.slot].get() == &job && !ending_ && !places_.processes_short() &&
         !job.without_room && on_its_way(job);
}

/// Takes the threads from jobs that only wait, so that processes can be created instead.
void BoardCore::processes_are_short() {
  if (!places_.note_shortage()) return;
  for (const auto& job : jobs)
    if (job && job->has_thread && !job->place.has_place()) wake(*job);
}

void BoardCore::hand_out_places() {
  if (ending_) return;
  while (const SpawnPlaces::Ticket* const ticket = places_.next()) {
    const std::shared_ptr<Job>& job = jobs[ticket->slot()];
    if (job->has_thread) {
      wake(*job);
    } else if ((job->without_room && places_.processes_short()) || !start_thread(*job)) {
      without_thread_.push_back(job);
      wake_janitor();
    }
  }
}

// --- threads ---

Result<void> BoardCore::start_thread(Job& job) {
  const auto place = threads_.emplace(threads_.end());
  auto thread = Thread::start(
      job.name, kSmallStackBytes,
      [this, job = jobs[job.slot], place]() mutable { run_jobs(std::move(job), place); });
  if (!thread) {
    threads_.erase(place);
    processes_are_short();
    return Failure(thread.error());
  }
  *place = std::move(*thread);
  given_thread(job);
  return {};
}

/// A thread takes over the job. It is awake; until now the janitor has looked at the clock for it.
void BoardCore::given_thread(Job& job) {
  job.has_thread = true;
  job.asleep_until = {};
  job.clock_seen = std::max(job.clock_seen, janitor_looked_);
}

/// The body of a thread: runs its job, then the queued jobs that have no thread.
void BoardCore::run_jobs(std::shared_ptr<Job> job, std::list<Thread>::iterator thread) {
  mutex.lock();
  while (job) {
    run_job(*job);
    const SpawnPlaces::Ticket* const ticket = ending_ ? nullptr : places_.next();
    if (ticket == nullptr) break;
    job = jobs[ticket->slot()];
    if (!job->has_thread) {
      given_thread(*job);
      set_thread_name(job->name);
    } else {  // it has its own thread
      wake(*job);
      job = nullptr;
    }
  }
  take_due_steps();
  hand_out_places();
  ended_threads_.splice(ended_threads_.end(), threads_, thread);
  if (ended_threads_.size() > kEndedThreadsKept) wake_janitor();
  if (threads_.empty()) all_ended_.notify_one();
  let_go();
}

void BoardCore::run_job(Job& job) {
  while (!ending_ && jobs[job.slot].get() == &job) {
    look_at_clock(job);
    if (Clock::now() >= job.until) {
      catch_up({&jobs[job.slot], 1});
      if (jobs[job.slot].get() != &job) break;
      pass_deadline(job);
    }
    take_steps(job, Whose::own);
    take_due_steps();
    if (!job.has_work()) {
      places_.give_back(job.place);
    } else if (places_.ask(job.place)) {
      work(job);
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

void BoardCore::sleep(Job& job) {
  job.asleep_until = job.until;
  for (const auto& other : std::exchange(to_wake_, {})) other->wake.notify_one();
  if (std::exchange(wakes_janitor_, false)) janitor_wake_.notify_one();
  while (!ending_ && job.asleep_until != TimePoint{} && Clock::now() < job.asleep_until) {
    const TimePoint soon = is_limited(job) ? after(Clock::now(), kLongestSleep) : kNever;
    const TimePoint due = std::min(job.asleep_until, soon);
    if (due == kNever)
      job.wake.wait(mutex);
    else
      job.wake.wait_until(mutex, due);
    if (jobs[job.slot].get() == &job) look_at_clock(job);
  }
  job.asleep_until = {};
}

/// Whether a time limit for one of its processes runs.
bool BoardCore::is_limited(const Job& job) const {
  return world.record(job.slot).deadline != kNever || job.side.deadline() != kNever;
}

/// Adds time in which zinit was suspended to the service's time limits: the whole container or
/// machine, and so the service, may have been suspended too. The job's next steps use the new
/// limits.
void BoardCore::look_at_clock(Job& job) {
  if (!is_limited(job)) return;
  const TimePoint now = Clock::now();
  // The janitor looks after a job that has no thread, or whose thread is in a launch.
  const TimePoint seen = std::exchange(job.clock_seen, now);
  const bool looks = job.has_thread && !job.launch;
  const TimePoint before = looks ? seen : std::max(seen, janitor_looked_);
  const Milliseconds lost = suspended_for(after(before, kLongestSleep), now);
  if (seen == TimePoint{} || lost == Milliseconds{0}) return;
  TimePoint& deadline = world.record(job.slot).deadline;
  if (deadline != kNever) deadline = after(deadline, lost);
  for (SideCommand& side : job.side.all())
    if (side.deadline() != kNever) side.limit(after(side.deadline(), lost));
}

void BoardCore::end_thread(Job& job) {
  job.has_thread = false;
  if (!job.place.queued()) places_.give_back(job.place);
  if (ending_ || jobs[job.slot].get() != &job) return;
  if (!on_its_way(job)) return;
  if (!job.has_work()) watch(job);
  janitor_by(job.until);
}

/// If deadlines are handled late, after a suspension, messages that arrived in time are read first:
/// otherwise a service that became ready or ended in time would count as too late. Releases the
/// lock meanwhile, so a job may have left its slot afterwards.
void BoardCore::catch_up(std::span<const std::shared_ptr<Job>> which) {
  std::vector<CheckedProcessPtr> late;
  for (const auto& job : which)
    if (job && Clock::now() >= after(job->until, kWasSuspended)) late.push_back(job->checked);
  if (late.empty()) return;
  let_go();
  const timespec time = timespec_of(kCatchUp);
  ::nanosleep(&time, nullptr);
  for (const CheckedProcessPtr& process : late)
    if (process) checks_.drain(*process);  // in case kCatchUp was too short for a busy loop
  mutex.lock();
}

// --- launches, without the lock ---

void BoardCore::work(Job& job) {
  job.without_room = false;
  LaunchOrder order = next_order(job);
  kill_point(kBeforeOrders[static_cast<std::size_t>(order.what)]);
  if (journal_)
    order.noted = journal_->begin_launch(job.slot, static_cast<std::uint8_t>(order.what));
  kill_point("launch.noted");
  Launch launch = carry_out(job, order);
  kill_point("launch.done");
  std::erase(launching_, job.slot);
  launch_over(job, order, std::move(launch));
  kill_point("launch.recorded");
  if (journal_) journal_->end_launch(order.noted);
}

LaunchOrder BoardCore::next_order(Job& job) {
  LaunchOrder order{world.graph->node(job.slot).spec, job.slot};
  order.may_wait = job.has_thread;  // never the janitor: the order it would wait for may need the
                                    // janitor
  if (const SideCommand* const side = job.side.first_ordered()) {
    order.what = kind_of(side->kind()).what;
    if (order.what == LaunchOrder::What::stop) order.spec = spec_to_stop(job);
    if (order.what == LaunchOrder::What::ready)
      order.index = world.record(job.slot).ready_begun - 1;
    if (order.what == LaunchOrder::What::check && job.check) {
      order.spec = job.check->one().spec;
      order.tail = job.check->one().tail;
    }
    if (side->main_pid() != 0) order.extra = {fmt::format("MAINPID={}", side->main_pid())};
    if (order.what == LaunchOrder::What::reload && job.checked && job.checked->extras) {
      for (const std::string& entry : job.checked->extras->environment)
        if (entry.starts_with("NOTIFY_SOCKET=")) order.extra.push_back(entry);
    }
  } else if (!job.to_remove->empty() || job.leaves_files) {
    order.what = LaunchOrder::What::clean;
    job.leaves_files = false;
    order.directories = job.to_remove.take();
  } else if (std::exchange(job.limits_changed, false)) {
    order.what = LaunchOrder::What::limit;
  } else if (std::exchange(job.seeks_left, false)) {
    order.what = LaunchOrder::What::left;
    order.group = job.process.spawned().number();
    order.known = processes.pids();
    order.user = job.user;
  } else {
    begin_step(job, order);
  }
  return order;
}

Launch BoardCore::carry_out(Job& job, const LaunchOrder& order) {
  job.launch = std::make_unique<LaunchUnderWay>(LaunchUnderWay{order.what, Clock::now()});
  job.launch->noted = order.noted;
  launching_.push_back(job.slot);
  watch(job);
  janitor_by(std::min(job.until, after(job.launch->since, kSlowLaunch)));
  let_go();
  Launch launch = launcher_.carry_out(order, [&](const std::shared_ptr<std::atomic<pid_t>>& child) {
    MutexLock lock(mutex);
    job.launch->child = child;
  });
  mutex.lock();
  job.clock_seen = std::max(job.clock_seen, janitor_looked_);
  return launch;
}

/// Whether the process of the present launch would be killed right after the launch.
bool BoardCore::launch_unwanted(Job& job) {
  const Record& record = world.record(job.slot);
  const bool stopping = record.state == State::stopping;
  const auto pointless = [&](const SideCommand& side) {
    return stopping || side.late() || job.process.pid() != side.main_pid();
  };
  switch (job.launch->what) {
    case LaunchOrder::What::main:
    case LaunchOrder::What::pre:
      if (record.wish == Wish::down || record.stop_owed) return true;
      [[fallthrough]];
    case LaunchOrder::What::post: return Clock::now() >= record.deadline;
    case LaunchOrder::What::stop: return !stopping || record.stage == StopStage::killed;
    case LaunchOrder::What::reload: return pointless(job.side.reload());
    case LaunchOrder::What::ready: return pointless(job.side.ready());
    case LaunchOrder::What::probe: return pointless(job.side.probe());
    case LaunchOrder::What::check: return job.side.check().late() || !job.check || is_cut_off(job);
    case LaunchOrder::What::condition: return !still_to_start(job);
    case LaunchOrder::What::clean:
    case LaunchOrder::What::left:
    case LaunchOrder::What::limit: break;  // no process
  }
  return false;
}

/// SIGKILL does not end a child that waits in the kernel for a file system that does not answer.
/// Nothing can end this launch then, so the service stays where it is until the child is gone.
void BoardCore::help_launch(Job& job) {
  LaunchUnderWay& launch = *job.launch;
  if (!help_child(launch.pid(), launch_unwanted(job))) return;
  const TimePoint now = Clock::now();
  if (launch.killed == TimePoint{}) launch.killed = now;
  if (now < after(launch.killed, kSlowLaunch) || std::exchange(launch.hangs, true)) return;
  say(LogLevel::error, fmt::format("{}: {}", job.name, hanging_launch(launch)));
}

std::string BoardCore::hanging_launch(const LaunchUnderWay& launch) {
  return fmt::format(
      "its launch hangs: SIGKILL does not end process {}, which waits in the kernel, "
      "probably for a file system or device that does not answer",
      launch.pid());
}

void BoardCore::tell_launch_hangs(Slot slot, WhyReport& report) const {
  const Job& job = *jobs[slot];
  if (!job.launch || !job.launch->hangs) return;
  std::erase_if(report.reasons, [](const WhyReason& one) { return one.kind == "pending"; });
  report.reasons.insert(report.reasons.begin(), {"launch", report.name, report.state,
                                                 hanging_launch(*job.launch), report.name, 0});
}

}  // namespace zinit
