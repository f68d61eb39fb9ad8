// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Changes to a record: by a step of the decision table, and by events from outside.
#include <algorithm>
#include <limits>
#include <utility>

#include "model/decide.hpp"
#include "model/predicates.hpp"

namespace zinit {

namespace {

void make_fresh_delay(Record& me) {
  me.try_ = Try::none;
  me.stop_owed = false;
  me.delay_until = {};
  me.count = 0;
}

void make_fresh(Record& me) {
  make_fresh_delay(me);
  me.respawn = false;
  me.skipped = false;
}

void make_rest(Record& me) {
  make_fresh(me);
  me.done = false;
  me.by_itself = false;
  me.again = false;
}

/// The command that should have ended within the start timeout.
CommandKind late_step(const Record& me) {
  return me.ready_begun > 0 ? CommandKind::ready_exec : me.command.before_post;
}

/// `limit_ms` is the start timeout, or what it was extended to; 0: unknown.
Reason late_reason(const Record& me, std::int64_t limit_ms) {
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  return {
      ReasonType::start_timeout, static_cast<int>(std::min(limit_ms, most)), {}, {}, late_step(me)};
}

void schedule(Record& me, const Lifecycle& lifecycle, TimePoint now) {
  // A stop's own cause counts, not the way in which the process ended.
  if (me.state == State::stopping) me.reason = stop_reason(me);
  if (stable(me, lifecycle, now)) me.count = 0;
  // A shift by 27 is enough: 2^27 ms is more than the longest delay in a file.
  const auto doubled = lifecycle.restart_delay * (std::int64_t{1} << std::min(me.count, 27u));
  me.delay_until = after(now, std::min<Milliseconds>(doubled, lifecycle.restart_delay_max));
  me.respawn = true;
  ++me.count;
}

void fail(World& world, Record& me, Reason reason) {
  me.reason = std::move(reason);
  me.respawn = false;
  me.failed_serial = ++world.serial;
}

/// When to try a spawn again that failed because of a lack of processes, memory or file
/// descriptors. At least 100 ms from now, even if restart_delay_ms is shorter: the machine needs
/// time to recover.
TimePoint room_retry(const Lifecycle& lifecycle, TimePoint now) {
  return after(now, std::max<Milliseconds>(lifecycle.restart_delay, Milliseconds{100}));
}

/// The time that a stop stage has if `limit` is the shortest one that holds for it. After SIGKILL
/// it is at least 1 s: a killed process still needs a processor to end, and on a busy machine a
/// shorter stop_timeout_ms would call it unkillable.
Milliseconds least_time(StopStage stage, Milliseconds limit) {
  constexpr Milliseconds to_see_the_end{1000};
  return stage == StopStage::killed ? std::max(limit, to_see_the_end) : limit;
}

/// The deadline of the stop stage, or of post_exec, that begins now.
TimePoint stop_deadline(const World& world, const Lifecycle& lifecycle, StopStage stage,
                        TimePoint now) {
  return after(now, least_time(stage, std::min(lifecycle.stop_timeout, world.stop_limit)));
}

void step_started(Record& me, const ServiceSpec& spec, TimePoint now) {
  me.process = Process::alive;
  me.ready_from = me.command.is_main() ? after(now, spec.readiness->after) : TimePoint{};
  me.command.passed = false;
  me.notified = me.healthy = me.unheard = false;
  me.ready_runs = false;
  me.ready_begun = 0;
  me.delay_until = {};
  me.health_attempts = 0;
  me.health_error.reset();
}

State launched(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  Reason reason = outcome.reason;  // first: if this copy throws, nothing has changed yet
  // Do not ask whether the kind has a process: a reload may have made it a target during the spawn.
  const bool spawned = me.process == Process::launching;
  me.process = Process::none;
  const TimePoint deadline = std::exchange(me.deadline, kNever);
  switch (outcome.kind) {
    case LaunchOutcome::Kind::started:
      step_started(me, spec, now);
      if (!spawned) me.process = Process::none;
      me.ready_at = {};
      me.health = Health::good;
      me.done = me.by_itself = me.skipped = false;
      me.deadline = after(now, spec.lifecycle.start_timeout);
      return State::starting;
    case LaunchOutcome::Kind::failed:
      fail(world, me, std::move(reason));
      me.reason.step = me.command.before_post;
      return State::failed;
    case LaunchOutcome::Kind::exhausted:
      if (now >= deadline && me.wish == Wish::up) {  // it hung, and was killed: `late` follows
        step_started(me, spec, now);
        me.process = Process::none;
        me.deadline = deadline;
        return State::starting;
      }
      me.reason = std::move(reason);  // explains the delay
      me.delay_until = room_retry(spec.lifecycle, now);
      return State::blocked;
    case LaunchOutcome::Kind::unmet:
      make_rest(me);
      me.reason = std::move(reason);
      me.skipped = true;
      me.ready_serial = ++world.serial;
      return State::inactive;
  }
  return me.state;
}

/// The outcome of launching a later command. If the spawn failed, the record keeps the reason while
/// post_exec runs.
State launched_next(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  if (outcome.kind == LaunchOutcome::Kind::started) {
    step_started(me, spec, now);
    return me.state;
  }
  Reason reason = outcome.reason;  // first, as in launched()
  me.process = Process::ended;
  if (outcome.kind == LaunchOutcome::Kind::exhausted) {
    me.delay_until = room_retry(spec.lifecycle, now);
  } else {
    me.command.passed = false;
    me.reason = std::move(reason);
    me.reason.step = me.command.before_post;
  }
  return me.state;
}

/// A command of post_exec that cannot be spawned is skipped; the service does not fail.
State launched_post(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  me.process = outcome.kind == LaunchOutcome::Kind::started ? Process::alive : Process::ended;
  me.delay_until = {};
  if (outcome.kind == LaunchOutcome::Kind::exhausted)
    me.delay_until = room_retry(world.spec(slot).lifecycle, now);
  else if (outcome.kind == LaunchOutcome::Kind::failed)
    ++me.command.index;
  return me.state;
}

void run_ready(Record& me) {
  me.ready_runs = true;
  ++me.ready_begun;
  me.delay_until = {};
}

/// It is ready, or done.
void succeed(World& world, Record& me) {
  me.respawn = false;
  me.ready_serial = ++world.serial;
}

void begin_stop(World& world, Slot slot, StopCause cause, TimePoint now) {
  Record& me = world.record(slot);
  me.cause = cause;
  if (me.state == State::exited) me.process = Process::held;
  me.unneeded = cause == StopCause::unneeded;
  if (me.unneeded) no_longer_wish(me);
  const bool retried =
      self_caused(me) && me.wish == Wish::up && policy_says_again(world.spec(slot), false);
  me.used_up = retried && !restarts_left(world, slot, now);
  me.again = cause == StopCause::asked || (retried && !me.used_up);
  if (cause == StopCause::late) me.reason = late_reason(me, ms_between(me.since, me.deadline));
  if (me.command.post) return;
  me.stage = StopStage::none;
  me.deadline = kNever;
}

void begin_stage(World& world, Slot slot, StopStage stage, TimePoint now) {
  Record& me = world.record(slot);
  me.stage = stage;
  if (me.process == Process::held) me.process = Process::lingering;
  me.deadline = stop_deadline(world, world.spec(slot).lifecycle, stage, now);
}

void do_act(World& world, Slot slot, const Row& row, TimePoint now) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  switch (row.act) {
    case Act::none:
    case Act::launch:
    case Act::launch_next:
    case Act::launch_post: break;
    case Act::run_ready: run_ready(me); break;
    case Act::fresh: make_fresh(me); break;
    case Act::fresh_kept:
      make_fresh(me);
      me.respawn = true;
      break;
    case Act::clear_try: me.try_ = Try::none; break;
    case Act::fresh_delay:
      make_fresh_delay(me);
      if (me.state != State::blocked) me.respawn = false;
      break;
    case Act::drop_respawn: me.respawn = false; break;
    case Act::drop_wish: no_longer_wish(me); break;
    case Act::report_fault:
    case Act::fail_dependency: fail(world, me, fault_of(world, slot)); break;
    case Act::schedule: schedule(me, spec.lifecycle, now); break;
    case Act::record_done:
      me.done = me.by_itself = true;
      succeed(world, me);
      break;
    case Act::record_end:
      me.by_itself = true;
      me.respawn = false;
      break;
    case Act::record_failure:
    case Act::give_up:
      me.by_itself = true;
      me.used_up = row.act == Act::give_up;
      fail(world, me, reason_of_end(me.end, me.command.before_post));
      break;
    case Act::record_unspawned: fail(world, me, Reason(me.reason)); break;
    case Act::become_ready:
      succeed(world, me);
      me.ready_at = now;
      me.deadline = kNever;
      break;
    case Act::begin_stop: begin_stop(world, slot, row.cause, now); break;
    case Act::give_up_again:
      // As if only the dependency had stopped the service: it starts again with the dependency.
      me.again = false;
      me.cause = StopCause::dependency;
      break;
    case Act::signal_stop: begin_stage(world, slot, StopStage::signalled, now); break;
    case Act::kill: begin_stage(world, slot, StopStage::killed, now); break;
    case Act::finish_stop:
    case Act::rest: make_rest(me); break;
    case Act::fail_stopped: fail(world, me, stop_reason(me)); break;
    case Act::fail_unkillable:
      if (me.command.post)
        me.command.index = static_cast<std::uint32_t>(spec.post_exec->size());  // run no more of it
      me.used_up = false;
      fail(world, me, {ReasonType::stop_timeout, 0, {}, {}});
      break;
  }
}

/// Clears values without meaning in the next state.
void leave(Record& me, State to, Act act) {
  if (me.state == State::stopping) {
    me.cause = StopCause::none;
    me.again = false;
  }
  if (to != State::stopping) {
    me.stage = StopStage::none;
    if (me.process == Process::ended) {
      me.process = Process::none;
      me.command.post = false;
    }
    if (me.state != State::blocked && to != State::blocked) me.delay_until = {};
  }
  if (to != State::stopping && to != State::exited) me.done = false;
  const bool skipped = to == State::inactive && act == Act::launch;
  const bool scheduled = to == State::blocked && act == Act::schedule;
  const bool stopped_with =
      me.reason.type == ReasonType::stopped_with && me.wish == Wish::down && to != State::failed;
  const bool start_failed =
      to == State::stopping && (me.cause == StopCause::ready_exec || me.cause == StopCause::late);
  const bool left = me.reason.type == ReasonType::left_behind && to == State::exited;
  const bool reason_stays =
      to == State::failed || skipped || scheduled || stopped_with || start_failed || left;
  if (!reason_stays) me.reason = {};
  if (to != State::failed) me.failure_handled = false;
  if (to != State::failed && to != State::stopping) me.used_up = false;
  if (to != State::starting && to != State::stopping) me.deadline = kNever;
}

}  // namespace

Reason stop_reason(const Record& me) {
  switch (me.cause) {
    case StopCause::ready_exec: return me.reason;
    case StopCause::unhealthy: return {ReasonType::health_check_failed, me.health_attempts, {}, {}};
    case StopCause::watchdog: return {ReasonType::watchdog_timeout, 0, {}, {}};
    default: return me.reason.type == ReasonType::start_timeout ? me.reason : late_reason(me, 0);
  }
}

State apply(World& world, Slot slot, const Row& row, TimePoint now, const LaunchOutcome& outcome) {
  do_act(world, slot, row, now);
  const auto entered = [&] {
    switch (row.act) {
      case Act::launch: return launched(world, slot, now, outcome);
      case Act::launch_next: return launched_next(world, slot, now, outcome);
      case Act::launch_post: return launched_post(world, slot, now, outcome);
      default: return row.to.value_or(world.record(slot).state);
    }
  };
  const State to = entered();
  Record& me = world.record(slot);
  if (to != me.state) {
    leave(me, to, row.act);
    me.state = to;
    me.since = now;
  }
  return to;
}

void begin_launch(World& world, Slot slot, const Row& row, TimePoint now) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  me.process = Process::launching;
  if (row.act == Act::launch_post) {
    if (!me.command.post) {
      me.command.post = true;
      me.command.index = 0;
      // The time of post_exec is no time that the service has run.
      if (stable(me, spec.lifecycle, now)) me.count = 0;
      me.ready_at = {};
      me.stage = StopStage::none;
      me.deadline = stop_deadline(world, spec.lifecycle, me.stage, now);
    }
    return;
  }
  if (row.act == Act::launch) {
    me.command = {};
    me.deadline = after(now, spec.lifecycle.start_timeout);
  }
  me.command.before_post =
      me.command.index < spec.pre_exec->size() ? CommandKind::pre_exec : CommandKind::main;
}

void no_longer_wish(Record& record) {
  record.wish = Wish::down;
  record.try_ = Try::none;
  record.named = record.needed = false;
  if (record.state == State::blocked) record.delay_until = {};
}

void abandon_launch(World& world, Slot slot) { world.record(slot).process = Process::none; }

std::vector<Slot> limit_stops(World& world, Milliseconds limit, TimePoint now) {
  world.stop_limit = std::min(world.stop_limit, limit);
  std::vector<Slot> changed;
  for (const Slot slot : world.graph->order()) {
    Record& record = world.record(slot);
    if (record.state != State::stopping) continue;
    if (record.stage == StopStage::none && !record.command.post) continue;
    record.deadline = std::min(record.deadline, after(now, least_time(record.stage, limit)));
    changed.push_back(slot);
  }
  return changed;
}

void process_ended(World& world, Slot slot, const ProcessEnd& end, bool group_left) {
  Record& me = world.record(slot);
  const bool held = leaves_held(world, slot, end);
  me.process = group_left ? Process::lingering : Process::ended;
  if (held && (group_left || !world.spec(slot).stop_exec->argv.empty())) me.process = Process::held;
  if (!me.command.post)
    me.command.passed = me.command.before_post == CommandKind::pre_exec && end == ProcessEnd{};
  if (me.command.post || me.command.passed) {
    ++me.command.index;
    return;
  }
  me.end = end;
  me.has_end = true;
  me.end_step = me.command.before_post;
}

void left_behind(World& world, Slot slot) {
  Record& me = world.record(slot);
  const bool by_itself = me.state == State::starting || me.state == State::running;
  if (by_itself && me.command.is_main() && me.end == ProcessEnd{} && !world.spec(slot).oneshot)
    me.reason = {ReasonType::left_behind, 0, {}, {}};
}

void group_gone(World& world, Slot slot) {
  Record& me = world.record(slot);
  if (me.process == Process::lingering) me.process = Process::ended;
  const ServiceSpec& spec = world.spec(slot);
  if (me.process != Process::held || !spec.stop_exec->argv.empty()) return;
  if (me.state != State::exited)
    me.process = Process::ended;
  else if (spec.post_exec->empty())
    me.process = Process::none;
}

void ready_command_ended(World& world, Slot slot, const ProcessEnd& end) {
  Record& me = world.record(slot);
  me.ready_runs = false;
  // If its main process has ended or is being stopped, the command was killed with it.
  if (me.state == State::starting && checked_now(me) && end != ProcessEnd{})
    me.reason = reason_of_end(end, CommandKind::ready_exec);
}

void ready_command_unspawned(World& world, Slot slot, const LaunchOutcome& outcome, TimePoint now) {
  Record& me = world.record(slot);
  if (me.state != State::starting || !checked_now(me)) {
    me.ready_runs = false;
  } else if (outcome.kind == LaunchOutcome::Kind::exhausted) {
    ready_command_lost(world, slot);
    me.delay_until = room_retry(world.spec(slot).lifecycle, now);
  } else {
    me.ready_runs = false;
    me.reason = outcome.reason;
    me.reason.step = CommandKind::ready_exec;
  }
}

void ready_command_lost(World& world, Slot slot) {
  Record& me = world.record(slot);
  if (!std::exchange(me.ready_runs, false)) return;
  --me.ready_begun;
}

bool leaves_held(const World& world, Slot slot, const ProcessEnd& end) {
  const Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  return me.state == State::starting && spec.oneshot && me.command.is_main() && good_end(spec, end);
}

bool checked_now(const Record& record) {
  return record.process == Process::alive && record.command.is_main();
}

bool healthy_now(const Record& record) {
  return checked_now(record) && record.healthy && record.health_attempts == 0;
}

bool check_passed(World& world, Slot slot, CheckKind which) {
  Record& me = world.record(slot);
  if (!checked_now(me)) return false;
  if (which == CheckKind::readiness) {
    me.notified = true;
  } else {
    me.healthy = true;
    me.health_attempts = 0;
    me.health_error.reset();
  }
  return true;
}

bool probe_failed(World& world, Slot slot, int attempts, std::string_view error) {
  Record& me = world.record(slot);
  if (!checked_now(me)) return false;
  me.health_attempts = attempts;
  me.health_error = std::string(error);
  return true;
}

bool health_failed(World& world, Slot slot) {
  Record& me = world.record(slot);
  if (!checked_now(me) || me.state != State::running) return false;
  me.health = Health::failed;
  return true;
}

bool watchdog_expired(World& world, Slot slot) {
  Record& me = world.record(slot);
  if (!checked_now(me)) return false;
  me.health = Health::watchdog;
  return true;
}

bool extend_deadline(World& world, Slot slot, Milliseconds by, TimePoint now) {
  Record& me = world.record(slot);
  if (me.command.post || me.process == Process::none || me.deadline == kNever) return false;
  const bool hurried = world.stop_limit != Milliseconds::max();
  const bool stopping = me.state == State::stopping && me.stage == StopStage::signalled && !hurried;
  if (me.state != State::starting && !stopping) return false;
  me.deadline = std::max(me.deadline, after(now, std::min(by, kLongestExtension)));
  return true;
}

}  // namespace zinit
