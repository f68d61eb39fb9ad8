// Jobs: look, decide, perform, wait. And enter(), the one place where a state is changed.
#include <algorithm>
#include <thread>

#include "model/predicates.hpp"
#include "model/wake.hpp"
#include "supervisor/core.hpp"
#include "supervisor/messages.hpp"

namespace zinit {

namespace {

// What somebody who has other things to do takes along: under a millisecond.
constexpr std::size_t kStepsOfATurn = 64;

// Longer than it takes to wake up.
constexpr std::chrono::microseconds kOthersTurn{50};

// What services and the kernel have said while zinit stood still has this time to be read.
constexpr Milliseconds kCatchUp{100};

// In place of the time until which the jobs' thread sleeps.
constexpr TimePoint kAwake{};

// Among deadlines that follow one another closely it is not worth being told of each that goes.
constexpr Milliseconds kWokenTooSoon{1000};

}  // namespace

// --- what is due ---

BoardCore::Turn::Turn(BoardCore& core) : core_(core), telling_(core) {
  core_.mutex.lock();
  ++core_.turns_;
}

BoardCore::Turn::~Turn() {
  telling_.reset();
  if (first != kNoSlot && core_.jobs[first] && core_.jobs[first]->due) {
    core_.not_due(*core_.jobs[first]);
    core_.look(*core_.jobs[first]);
  }
  core_.take_steps(kStepsOfATurn);
  --core_.turns_;
  core_.let_go();
}

void BoardCore::due(Job& job) noexcept {
  if (std::exchange(job.due, true)) return;
  job.next_due = kNoSlot;
  if (first_due_ == kNoSlot)
    first_due_ = job.slot;
  else
    jobs[last_due_]->next_due = job.slot;
  last_due_ = job.slot;
  if (turns_ == 0) jobs_wake_.notify_one();
}

void BoardCore::not_due(Job& job) noexcept {
  if (!std::exchange(job.due, false)) return;
  Slot before = kNoSlot;
  for (Slot at = first_due_; at != job.slot; at = jobs[at]->next_due) before = at;
  (before == kNoSlot ? first_due_ : jobs[before]->next_due) = job.next_due;
  if (last_due_ == job.slot) last_due_ = before;
}

void BoardCore::take_steps(std::size_t most) noexcept {
  for (; most > 0 && first_due_ != kNoSlot; --most) {
    Job& job = *jobs[first_due_];
    not_due(job);
    look(job);
  }
}

/// What cannot be done for want of memory is put off, and done when there is some.
void BoardCore::look(Job& job) noexcept {
  TimePoint again;
  try {
    const Telling telling(*this);
    again = work(job);
  } catch (const std::exception&) {
    again = after(Clock::now(), kMemoryRetry);
  }
  set_deadline(job.slot, again);
}

TimePoint BoardCore::work(Job& job) {
  while (true) {
    // Its outcome is waited for.
    if (world.record(job.slot).process == Process::launching) return job.helper_deadline();
    const TimePoint now = decision_time();
    const Step step = decide(Situation{world, job.slot, now});
    if (!step.waits()) {
      perform(job, *step.row);
      continue;
    }
    // The end of a cgroup is told.
    const bool told = job.group == 0 && job.cgroup_watch >= 0;
    if (world.record(job.slot).process != Process::lingering || told) {
      job.group_poll = {};
      return std::min(step.deadline, job.helper_deadline());
    }
    job.group_poll = std::clamp(job.group_poll * 2, kFirstGroupPoll, kLongestGroupPoll);
    return std::min({step.deadline, job.helper_deadline(), after(now, job.group_poll)});
  }
}

// --- the jobs' thread ---

void BoardCore::run() noexcept {
  mutex.lock();
  while (!ending_) {
    pass_deadlines();
    retired_.clear();
    if (first_due_ == kNoSlot) {
      sleep_until(next_deadline());
      catch_up();
      continue;
    }
    take_steps(kStepsOfATurn);
    if (first_due_ == kNoSlot) continue;
    // Others have their turn in between. They have to wake up for it, and a mutex favours who has
    // just let it go.
    mutex.unlock();
    std::this_thread::sleep_for(kOthersTurn);
    mutex.lock();
  }
  mutex.unlock();
}

void BoardCore::sleep_until(TimePoint at) {
  jobs_sleep_until_ = at;
  if (at == kNever)
    jobs_wake_.wait(mutex);
  else
    jobs_wake_.wait_until(mutex, at);
  jobs_sleep_until_ = kAwake;
}

TimePoint BoardCore::next_deadline() const noexcept {
  return std::min(deadlines_.first(), relieve_at_);
}

void BoardCore::set_deadline(Slot slot, TimePoint at) noexcept {
  deadlines_.set(slot, at);
  deadlines_changed();
}

/// Has the jobs' thread sleep for another time, where it sleeps too long, or would wake for nothing
/// long before there is something to do: who is at rest shall not be woken.
void BoardCore::deadlines_changed() noexcept {
  if (jobs_sleep_until_ == kAwake) return;  // it looks by itself
  const TimePoint next = next_deadline();
  const bool too_long = next < jobs_sleep_until_;
  const bool for_nothing =
      jobs_sleep_until_ != kNever && next > after(jobs_sleep_until_, kWokenTooSoon);
  if (!too_long && !for_nothing) return;
  jobs_sleep_until_ = kAwake;
  wake_jobs();
}

/// Has others read first what came before a deadline that is passed late: a service that was ready,
/// or gone, in time is not to be taken for one that was not.
void BoardCore::catch_up() noexcept {
  if (Clock::now() < after(deadlines_.first(), kStoodStill)) return;
  mutex.unlock();
  std::this_thread::sleep_for(kCatchUp);
  mutex.lock();
}

/// Now, but before the first deadline that the jobs' thread has not passed yet: nobody acts on one
/// before that has let others catch up.
TimePoint BoardCore::decision_time() const noexcept {
  return std::min(Clock::now(), deadlines_.first() - TimePoint::duration{1});
}

void BoardCore::pass_deadlines() noexcept {
  const TimePoint now = Clock::now();
  while (deadlines_.first() <= now) {
    Job& job = *jobs[deadlines_.first_slot()];
    deadlines_.set(job.slot, kNever);
    due(job);
    if (job.group_poll != Milliseconds{0}) look_at_group(job);
    if (job.helper_deadline() != kNever) look_at_helpers(job);
  }
  if (relieve_at_ <= now) relieve_launcher();
}

/// A launch that takes long may hang for ever: then it holds a thread that others need, and a stop
/// waits for it.
void BoardCore::relieve_launcher() noexcept {
  const auto unwanted = [&](const LaunchOrder& order)
                            REQUIRES(mutex) { return launch_unwanted(order); };
  launcher_.relieve(kSlowLaunch, unwanted);
  relieve_at_ = launcher_.at_work() ? after(Clock::now(), kSlowLaunch) : kNever;
}

/// Whether what would come of a launch that hangs would be killed at once.
bool BoardCore::launch_unwanted(const LaunchOrder& order) const {
  const Record& record = world.record(order.slot);
  const Job& job = *jobs[order.slot];
  const bool stopping = record.state == State::stopping;
  const auto pointless = [&](const Helper& helper) {
    return stopping || helper.late || job.pid != helper.main_pid;
  };
  switch (order.what) {
    case LaunchOrder::What::main:
    case LaunchOrder::What::pre: return record.wish == Wish::down || record.stop_owed;
    case LaunchOrder::What::post: return Clock::now() >= record.deadline;
    case LaunchOrder::What::stop: return !stopping || record.stage == StopStage::killed;
    case LaunchOrder::What::reload: return pointless(job.reloader);
    case LaunchOrder::What::probe: return pointless(job.prober);
    case LaunchOrder::What::clean: break;  // no process
  }
  return false;
}

void BoardCore::perform(Job& job, const Row& row) {
  switch (row.act) {
    case Act::launch:
    case Act::launch_next:
    case Act::launch_post: return perform_launch(job, row);
    case Act::signal_stop: signal_stop(job); break;
    case Act::kill: kill_all(job); break;
    default: break;
  }
  enter(job, row, {});
}

/// Perhaps all that is left are zombies that a parent of theirs never reaps: they run no more.
/// Only a look at all processes tells, and that is the herald's.
void BoardCore::look_at_group(Job& job) noexcept {
  if (world.record(job.slot).process != Process::lingering) return;
  unit_changed(job);
  if (job.group_poll < kLongestGroupPoll) return;
  groups_to_see_ = true;
  wake_herald();
}

void BoardCore::enter(Job& job, const Row& row, const LaunchOutcome& outcome) {
  const State from = world.record(job.slot).state;
  const State to = apply(world, job.slot, row, Clock::now(), outcome);
  // The step is taken. What is left is to tell of it, which can be put off.
  try {
    const Telling telling(*this);
    tell(job, from, to);
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
}

void BoardCore::tell(Job& job, State from, State to) {
  const Slot slot = job.slot;
  if (from != to) {
    if (!transition_allowed(from, to)) {  // the table's static_asserts keep this from happening
      say(LogLevel::error,
          fmt::format("{}: went from {} to {}, which no rule allows; please report this",
                      world.graph->name(slot), state_name(from), state_name(to)));
    }
    tell_checks(job, to);
    stamp(job, from, to);
  }
  // First what nobody would do later.
  if (at_rest(to) && !active(world, slot)) {
    drop_cgroup(job);
    checks_.rested(slot);
  }
  if (from != to && at_rest(to)) clean_up(job);
  forget_removed(slot);
  if (from != to) publish(job, from, to);
  touched({&slot, 1});
  if (booting) note_boot();
}

void BoardCore::forget_removed(Slot slot) {
  if (!world.node(slot).removed || !at_rest(world.record(slot).state) || active(world, slot))
    return;
  sweep_wanted_ = true;
  wake_herald();
  herald_pause_.notify_one();
}

void BoardCore::stamp(Job& job, State from, State to) {
  const std::int64_t now = wall_us();
  job.facts.since_us = now;
  if (to == State::running) job.facts.last_ready_us = now;
  if (from == State::starting && to == State::exited && world.spec(job.slot).oneshot) {
    job.facts.last_ready_us = now;
  }
  if (world.spec(job.slot).is_target()) {
    if (to == State::starting) {
      job.facts.last_start_us = now;
      job.started = Clock::now();
    }
    if (from == State::stopping) job.facts.last_stop_us = now;
  }
}

void BoardCore::publish(const Job& job, State from, State to) {
  const Record& record = world.record(job.slot);
  StateEvent event{
      last_seq + 1, job.facts.since_us, world.graph->name(job.slot), from, to, record.reason,
      job.pid};
  events[++last_seq % kEventsKept] = std::move(event);
  const TransitionFacts facts{world,   job.slot,    from,      to,
                              job.pid, job.started, job.ended, Clock::now()};
  const LogLevel level = transition_level(facts);
  if (log_enabled(level)) say(level, transition_line(facts));
}

void BoardCore::touched(std::span<const Slot> changed) {
  sight_.clear();
  begin_sight(world);
  for (const Slot slot : changed) {
    store(slot);
    in_sight(world, slot, sight_);
  }
  const TimePoint now = decision_time();
  for (const Slot slot : sight_) {
    Job* job = jobs[slot].get();
    if (job == nullptr || job->due) continue;
    const Step step = decide(Situation{world, slot, now});
    if (!step.waits() || step.deadline < deadlines_.of(slot)) due(*job);
  }
  changes_.changed();
}

void BoardCore::note_boot() {
  while (!boot_pending.empty() && settled(world, boot_pending.back(), Clock::now()))
    boot_pending.pop_back();
  if (!boot_pending.empty()) return;
  booting = false;
  boot_settled = Clock::now();
}

void BoardCore::store(Slot slot) {
  if (!journal_ || !world.graph->used(slot)) return;
  JournalFacts facts;
  if (const Job* job = jobs[slot].get(); job != nullptr) {
    facts = job->facts;
    facts.pid = job->pid;
    facts.pgid = job->group;
    facts.leader = job->leader;
    facts.main_group = job->main_group;
    facts.helpers = {job->stopper.pid, job->reloader.pid, job->prober.pid};
  }
  const ServiceSpec& spec = world.spec(slot);
  facts.load_order = world.node(slot).load_order;
  if (auto stored = journal_->store({slot, spec.name, spec.file, world.record(slot), facts});
      !stored) {
    say(LogLevel::error, fmt::format("{}: its state is not kept for a re-execution: {}", spec.name,
                                     stored.error().text));
  }
  journal_->store_world({world.shutdown, world.next_rank, world.serial});
}

}  // namespace zinit
