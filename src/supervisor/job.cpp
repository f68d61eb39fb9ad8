// The job thread of a service: look, decide, perform, wait. And enter(), the one place where a
// state is changed.
#include <algorithm>
#include <csignal>

#include "model/predicates.hpp"
#include "model/wake.hpp"
#include "supervisor/core.hpp"
#include "supervisor/messages.hpp"

namespace zinit {

namespace {

// While a group lives on without its leader, and its members are not our children, nothing tells of
// its end. Looked for at growing intervals, and only then.
constexpr Milliseconds kFirstGroupPoll{10};
constexpr Milliseconds kLongestGroupPoll{500};

// Until what lacked memory is tried again.
constexpr Milliseconds kMemoryRetry{100};

// execve(2) of a file that is there takes milliseconds, on a slow disk some hundred.
constexpr Milliseconds kSlowLaunch{2000};

}  // namespace

void BoardCore::run(Job& job) {
  mutex.lock();
  while (!job.retired) {
    sleep(job, work_or_put_off(job));
    if (job.group_poll != Milliseconds{0}) look_at_group(job);
  }
  mutex.unlock();
}

/// What could not be done for want of memory is put off, and done when there is some.
TimePoint BoardCore::work_or_put_off(Job& job) noexcept {
  try {
    const Telling telling(*this);
    return work(job);
  } catch (const std::exception&) {
    return after(Clock::now(), kMemoryRetry);
  }
}

// Not inlined: a thousand threads wait in run() and sleep(), whose frames fit into the one page of
// stack that each of them needs anyhow.
[[gnu::noinline]] TimePoint BoardCore::work(Job& job) {
  while (!job.retired) {
    if (world.record(job.slot).process == Process::launching) return await_launch(job);
    const TimePoint now = Clock::now();
    const Step step = decide(Situation{world, job.slot, now});
    if (!step.waits()) {
      perform(job, *step.row);
      job.stack_used = true;
      continue;
    }
    // The end of a cgroup is told.
    const bool told = job.group == 0 && job.cgroup_watch >= 0;
    if (world.record(job.slot).process != Process::lingering || told) {
      job.group_poll = {};
      return step.deadline;
    }
    job.group_poll = std::clamp(job.group_poll * 2, kFirstGroupPoll, kLongestGroupPoll);
    return std::min(step.deadline, after(now, job.group_poll));
  }
  return Clock::now();
}

/// A launch that takes long may hang for ever: then it holds a thread that others need.
TimePoint BoardCore::await_launch(Job& job) {
  const TimePoint now = Clock::now();
  if (now < after(job.launch_ordered, kSlowLaunch)) return after(job.launch_ordered, kSlowLaunch);
  job.launch_ordered = now;
  launcher_.relieve();
  return after(now, kSlowLaunch);
}

void BoardCore::sleep(Job& job, TimePoint until) {
  if (std::exchange(job.stack_used, false)) release_unused_stack();
  job.asleep = true;
  job.sleeping_until = until;
  if (until == kNever)
    job.wake.wait(mutex);
  else
    job.wake.wait_until(mutex, until);
  job.asleep = false;
}

void BoardCore::wake(Job& job) {
  if (!std::exchange(job.asleep, false)) return;  // one that is awake looks again by itself
  job.wake.notify_one();
}

void BoardCore::perform(Job& job, const Row& row) {
  switch (row.act) {
    case Act::launch: return perform_launch(job, row);
    case Act::signal_stop:
      signal_job(job, world.spec(job.slot).lifecycle.stop_signal);
      signal_job(job, SIGCONT);  // a stopped process takes no signal but SIGKILL
      break;
    case Act::kill: signal_job(job, SIGKILL); break;
    default: break;
  }
  enter(job, row, {});
}

void BoardCore::perform_launch(Job& job, const Row& row) {
  if (world.spec(job.slot).is_target()) return enter(job, row, {});
  job.launch_row = &row;
  job.launch_ordered = Clock::now();
  const auto ordered = launcher_.order(world.graph->node(job.slot).spec, job.slot);
  if (!ordered) {
    LaunchOutcome outcome;
    outcome.kind = LaunchOutcome::Kind::exhausted;
    outcome.reason = {ReasonType::spawn_error, 0, ordered.error().text, {}};
    say(LogLevel::warn, exhausted_line(world.spec(job.slot), outcome.reason));
    return enter(job, row, outcome);
  }
  // It is active from now on: nothing that conflicts may start meanwhile, and a stop waits for it.
  // What conflicts with it is no longer coming, and so may let others start.
  world.record(job.slot).process = Process::launching;
  if (!world.node(job.slot).conflicts.empty()) touched({&job.slot, 1});
}

std::uint64_t BoardCore::launch_begins(Slot) noexcept {
  MutexLock lock(mutex);
  launches_.push_back(next_launch_);
  return next_launch_++;
}

void BoardCore::advance(Slot slot) {
  if (world.record(slot).process == Process::launching) return;  // its outcome is waited for
  const Step next = decide(Situation{world, slot, Clock::now()});
  if (!next.waits()) perform(*jobs[slot], *next.row);
}

// What there is to do next is done right here too, in the job's place: it waits.
void BoardCore::launch_over(Slot slot, std::uint64_t number, Launch launch) noexcept {
  MutexLock lock(mutex);
  Job& job = *jobs[slot];
  const bool has_process = launch.outcome.kind == LaunchOutcome::Kind::started;
  note_cgroup(job, launch);
  if (has_process) note_process(job, std::move(launch.child));
  std::erase(launches_, number);
  enter_or_wait(job, launch.outcome);
  try {
    const Telling telling(*this);
    if (launch.outcome.kind == LaunchOutcome::Kind::exhausted)
      say(LogLevel::warn, exhausted_line(world.spec(slot), launch.outcome.reason));
    if (has_process) claim_end(job, number);
    forget_unclaimed();
    advance(slot);
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
}

/// A process that was spawned must not be forgotten, whatever it takes.
void BoardCore::note_process(Job& job, Child child) {
  while (true) {
    try {
      by_pid_[child.pid] = job.slot;
      by_group_[child.pid] = job.slot;
      break;
    } catch (const std::bad_alloc&) {
      wait_for_memory();
    }
  }
  job.pid = job.group = child.pid;
  job.pidfd = std::move(child.pidfd);
  job.started = Clock::now();
  job.group_poll = {};
  job.facts.last_start_us = wall_us();
  // A oneshot that is started once more is kept up to its dependents like a re-spawn, and is none.
  const Record& record = world.record(job.slot);
  if (record.respawn && record.count > 0) ++job.facts.restart_count;
}

void BoardCore::enter_or_wait(Job& job, const LaunchOutcome& outcome) {
  while (true) {
    try {
      return enter(job, *job.launch_row, outcome);
    } catch (const std::bad_alloc&) {
      wait_for_memory();
    }
  }
}

void BoardCore::wait_for_memory() {
  mutex.unlock();
  std::this_thread::sleep_for(kMemoryRetry);
  mutex.lock();
}

void BoardCore::signal_job(Job& job, int signal) {
  if (signal == SIGKILL)
    kill_cgroup(job);
  else if (job.group == 0)
    signal_escaped(job);
  if (job.group != 0) signal_group_of(job, signal);
}

void BoardCore::signal_group_of(Job& job, int signal) {
  // The leader is not reaped, or members were alive when it was, so the number is still theirs.
  if (auto sent = signal_group(job.group, signal); !sent && sent.error().errnum != ESRCH) {
    say(LogLevel::error, fmt::format("{}: {}", world.graph->name(job.slot), sent.error().text));
  }
}

[[gnu::noinline]] void BoardCore::look_at_group(Job& job) {
  if (job.pid != 0 || world.record(job.slot).process != Process::lingering) return;
  const pid_t group = job.group;
  if (group != 0 && group_exists(group) && job.group_poll >= kLongestGroupPoll) {
    // Perhaps all that is left are zombies that a parent of theirs never reaps: they run no more.
    bool left = true;
    without_lock([&] {
      const auto members = group_members(group);
      left = !members || !members->empty();
    });
    if (!left && job.group == group && job.pid == 0) forget_group(job);
  }
  if (job.pid == 0) unit_changed(job);
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
    stamp(job, from, to);
    publish(job, from, to);
  }
  if (at_rest(to) && !active(world, slot)) drop_cgroup(job);
  touched({&slot, 1});
  if (booting) note_boot();
  const Node& node = world.node(slot);
  if (node.removed && at_rest(to) && !active(world, slot)) {
    sweep_wanted_ = true;
    herald_wake_.notify_one();
  }
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
  const TransitionFacts facts{world, job.slot, from, to, job.pid, job.started, Clock::now()};
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
  const TimePoint now = Clock::now();
  for (const Slot slot : sight_) {
    Job* job = jobs[slot].get();
    if (job == nullptr || !job->asleep) continue;
    const Step step = decide(Situation{world, slot, now});
    if (step.waits() && step.deadline >= job->sleeping_until) continue;
    wake(*job);
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
