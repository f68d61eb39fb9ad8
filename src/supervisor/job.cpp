// The job thread of a service: look, decide, perform, wait. And enter(), the one place where a
// state is changed.
#include <algorithm>

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

// execve(2) of a file that is there takes milliseconds, on a slow disk some hundred.
constexpr Milliseconds kSlowLaunch{2000};

}  // namespace

void BoardCore::run(Job& job) {
  mutex.lock();
  while (!job.retired) {
    sleep(job, work_or_put_off(job));
    if (job.group_poll != Milliseconds{0}) look_at_group(job);
    if (job.reloader.deadline != kNever) look_at_helper(job);
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
      return std::min(step.deadline, job.reloader.deadline);
    }
    job.group_poll = std::clamp(job.group_poll * 2, kFirstGroupPoll, kLongestGroupPoll);
    return std::min({step.deadline, job.reloader.deadline, after(now, job.group_poll)});
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
    case Act::launch:
    case Act::launch_next:
    case Act::launch_post: return perform_launch(job, row);
    case Act::signal_stop: signal_stop(job); break;
    case Act::kill: kill_all(job); break;
    default: break;
  }
  enter(job, row, {});
}

void BoardCore::advance(Slot slot) {
  if (world.record(slot).process == Process::launching) return;  // its outcome is waited for
  const Step next = decide(Situation{world, slot, Clock::now()});
  if (!next.waits()) perform(*jobs[slot], *next.row);
}

[[gnu::noinline]] void BoardCore::look_at_group(Job& job) {
  if (world.record(job.slot).process != Process::lingering) return;
  for (const Leftover& each : leftovers(job)) {
    const pid_t group = *each.group;
    if (*each.leader != 0 || group == 0 || job.group_poll < kLongestGroupPoll) continue;
    // Perhaps all that is left are zombies that a parent of theirs never reaps: they run no more.
    bool left = true;
    without_lock([&] {
      const auto members = group_members(group);
      left = !members || !members->empty();
    });
    if (!left && *each.group == group && *each.leader == 0) forget_group(each);
  }
  unit_changed(job);
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
  if (from != to && at_rest(to)) clean_up(job);
  touched({&slot, 1});
  if (booting) note_boot();
  forget_removed(slot);
}

void BoardCore::forget_removed(Slot slot) {
  if (!world.node(slot).removed || !at_rest(world.record(slot).state) || active(world, slot))
    return;
  sweep_wanted_ = true;
  herald_wake_.notify_one();
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
    facts.helpers = {job->stopper.pid, job->reloader.pid};
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
