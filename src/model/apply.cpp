// What taking a row of the decision table does to a record, and what events from outside do.
#include <algorithm>

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

void schedule(Record& me, const Lifecycle& lifecycle, TimePoint now) {
  if (stable(me, lifecycle, now)) me.count = 0;
  // 2^27 ms is more than the largest delay that can be configured.
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

Reason stop_reason(const Record& me) {
  switch (me.cause) {
    case StopCause::unhealthy: return {ReasonType::health_check_failed, me.health_attempts, {}, {}};
    case StopCause::watchdog: return {ReasonType::watchdog_timeout, 0, {}, {}};
    default: return {ReasonType::start_timeout, 0, {}, {}, me.phase};
  }
}

/// When what the machine had no room for is tried again. Not more often than this, however short
/// the configured delay: what is lacking is the machine's.
TimePoint room_retry(const Lifecycle& lifecycle, TimePoint now) {
  return after(now, std::max<Milliseconds>(lifecycle.restart_delay, Milliseconds{100}));
}

/// How little is left of a stop when a shutdown has no time left. The end of what has been killed
/// has to be seen, too: before that it is not said that it cannot be killed.
Milliseconds least_time(StopStage stage, Milliseconds limit) {
  constexpr Milliseconds to_be_seen{1000};
  return stage == StopStage::killed ? std::max(limit, to_be_seen) : limit;
}

/// Within which a stop's next stage, or post_exec, must be through.
TimePoint stop_deadline(const World& world, const Lifecycle& lifecycle, StopStage stage,
                        TimePoint now) {
  return after(now, std::min(lifecycle.stop_timeout, least_time(stage, world.stop_limit)));
}

void step_started(Record& me) {
  me.process = Process::alive;
  me.passed = false;
  me.notified = me.healthy = false;
  me.delay_until = {};
  me.health_attempts = 0;
  me.health_error.clear();
}

TimePoint start_deadline(const Lifecycle& lifecycle, TimePoint now) {
  return lifecycle.start_timeout.infinite ? kNever : after(now, lifecycle.start_timeout.value);
}

State launched(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  Reason reason = outcome.reason;  // first: where there is no memory for it, nothing is changed
  me.process = Process::none;
  switch (outcome.kind) {
    case LaunchOutcome::Kind::started:
      step_started(me);
      if (spec.is_target()) me.process = Process::none;
      me.ready_at = {};
      me.health = Health::good;
      me.done = me.by_itself = me.skipped = false;
      me.deadline = start_deadline(spec.lifecycle, now);
      return State::starting;
    case LaunchOutcome::Kind::failed:
      fail(world, me, std::move(reason));
      me.reason.step = me.phase;
      return State::failed;
    case LaunchOutcome::Kind::exhausted:
      me.reason = std::move(reason);  // what the delay is for
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

/// After pre_exec. The reason of what could not be spawned stands until post_exec is done.
State launched_next(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  if (outcome.kind == LaunchOutcome::Kind::started) {
    step_started(me);
    return me.state;
  }
  Reason reason = outcome.reason;  // first, as above
  me.process = Process::ended;
  if (outcome.kind == LaunchOutcome::Kind::exhausted) {
    me.delay_until = room_retry(spec.lifecycle, now);
  } else {
    me.passed = false;
    me.reason = std::move(reason);
    me.reason.step = me.phase;
  }
  return me.state;
}

/// Of post_exec nothing fails: what cannot be spawned is left out.
State launched_post(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  me.process = outcome.kind == LaunchOutcome::Kind::started ? Process::alive : Process::ended;
  me.delay_until = {};
  if (outcome.kind == LaunchOutcome::Kind::exhausted)
    me.delay_until = room_retry(world.spec(slot).lifecycle, now);
  else if (outcome.kind == LaunchOutcome::Kind::failed)
    ++me.step;
  return me.state;
}

void do_act(World& world, Slot slot, const Row& row, TimePoint now) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  switch (row.act) {
    case Act::none:
    case Act::launch:
    case Act::launch_next:
    case Act::launch_post: break;
    case Act::fresh: make_fresh(me); break;
    case Act::fresh_kept:
      make_fresh(me);
      me.respawn = true;
      break;
    case Act::clear_try: me.try_ = Try::none; break;
    case Act::fresh_delay:
      make_fresh_delay(me);
      if (row.from != State::blocked) me.respawn = false;
      break;
    case Act::drop_respawn: me.respawn = false; break;
    case Act::report_fault:
    case Act::fail_dependency: fail(world, me, fault_of(world, slot)); break;
    case Act::schedule: schedule(me, spec.lifecycle, now); break;
    case Act::record_done:
      me.done = true;
      me.by_itself = true;
      me.respawn = false;
      me.ready_serial = ++world.serial;
      break;
    case Act::record_end:
      me.by_itself = true;
      me.respawn = false;
      break;
    case Act::record_failure:
      me.by_itself = true;
      fail(world, me, reason_of_end(me.end, me.phase));
      break;
    case Act::record_unspawned: fail(world, me, Reason(me.reason)); break;
    case Act::become_ready:
      me.respawn = false;
      me.ready_at = now;
      me.deadline = kNever;
      me.ready_serial = ++world.serial;
      break;
    case Act::begin_stop:
      me.cause = row.cause;
      if (!me.post) {
        me.stage = StopStage::none;
        me.deadline = kNever;
      }
      me.again = self_caused(me) && me.wish == Wish::up && policy_says_again(spec, false) &&
                 restarts_left(world, slot, now);
      break;
    case Act::give_up_again: me.again = false; break;
    case Act::signal_stop:
      me.stage = StopStage::signalled;
      me.deadline = stop_deadline(world, spec.lifecycle, me.stage, now);
      break;
    case Act::kill:
      me.stage = StopStage::killed;
      me.deadline = stop_deadline(world, spec.lifecycle, me.stage, now);
      break;
    case Act::finish_stop: make_rest(me); break;
    case Act::fail_stopped: fail(world, me, stop_reason(me)); break;
    case Act::fail_unkillable:
      if (me.post) me.step = static_cast<std::uint32_t>(spec.post_exec.size());  // no more of it
      fail(world, me, {ReasonType::stop_timeout, 0, {}, {}});
      break;
    case Act::rest: make_rest(me); break;
  }
}

/// What belongs to a state and not beyond it.
void leave(Record& me, State to, Act act) {
  if (me.state == State::stopping) {
    me.cause = StopCause::none;
    me.again = false;
  }
  if (to != State::stopping) {
    me.stage = StopStage::none;
    if (me.process == Process::ended) {
      me.process = Process::none;
      me.post = false;
    }
    if (me.state != State::blocked && to != State::blocked) me.delay_until = {};
  }
  const bool reason_stays = to == State::failed || (to == State::inactive && act == Act::launch);
  if (!reason_stays) me.reason = {};
  if (to != State::starting && to != State::stopping) me.deadline = kNever;
}

}  // namespace

State apply(World& world, Slot slot, const Row& row, TimePoint now, const LaunchOutcome& outcome) {
  do_act(world, slot, row, now);
  const auto entered = [&] {
    switch (row.act) {
      case Act::launch: return launched(world, slot, now, outcome);
      case Act::launch_next: return launched_next(world, slot, now, outcome);
      case Act::launch_post: return launched_post(world, slot, now, outcome);
      default: return row.to;
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

LaunchedCommand begin_launch(World& world, Slot slot, const Row& row, TimePoint now) {
  using Of = LaunchedCommand::Kind;
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  me.process = Process::launching;
  if (row.act == Act::launch_post) {
    if (!me.post) {
      me.post = true;
      me.step = 0;
      me.stage = StopStage::none;
      me.deadline = stop_deadline(world, spec.lifecycle, me.stage, now);
    }
    return {Of::post, me.step};
  }
  if (row.act == Act::launch) {
    me.post = me.passed = false;
    me.step = 0;
  }
  me.phase = me.step < spec.pre_exec.size() ? Phase::pre : Phase::main;
  return {me.phase == Phase::pre ? Of::pre : Of::main, me.step};
}

std::vector<Slot> limit_stops(World& world, Milliseconds limit, TimePoint now) {
  world.stop_limit = std::min(world.stop_limit, limit);
  std::vector<Slot> changed;
  for (const Slot slot : world.graph->order()) {
    Record& record = world.record(slot);
    if (record.state != State::stopping) continue;
    if (record.stage == StopStage::none && !record.post) continue;
    record.deadline = std::min(record.deadline, after(now, least_time(record.stage, limit)));
    changed.push_back(slot);
  }
  return changed;
}

void process_ended(World& world, Slot slot, const ProcessEnd& end, bool group_left) {
  Record& me = world.record(slot);
  me.process = group_left ? Process::lingering : Process::ended;
  if (!me.post) me.passed = me.phase == Phase::pre && end == ProcessEnd{};
  if (me.post || me.passed) {
    ++me.step;
    return;
  }
  me.end = end;
  me.has_end = true;
}

void group_gone(World& world, Slot slot) {
  Record& me = world.record(slot);
  if (me.process == Process::lingering) me.process = Process::ended;
}

bool checked_now(const Record& record) {
  return record.process == Process::alive && record.phase == Phase::main && !record.post;
}

bool check_passed(World& world, Slot slot, CheckKind which) {
  Record& me = world.record(slot);
  if (!checked_now(me)) return false;
  if (which == CheckKind::readiness) {
    me.notified = true;
  } else {
    me.healthy = true;
    me.health_attempts = 0;
    me.health_error.clear();
  }
  return true;
}

bool probe_failed(World& world, Slot slot, int attempts, std::string_view error) {
  Record& me = world.record(slot);
  if (!checked_now(me)) return false;
  me.health_attempts = attempts;
  me.health_error = error;
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
  if (me.post || me.process == Process::none || me.deadline == kNever) return false;
  const bool stopping = me.state == State::stopping && me.stage == StopStage::signalled;
  if (me.state != State::starting && !stopping) return false;
  const Milliseconds most =
      stopping ? std::min(kLongestExtension, world.stop_limit) : kLongestExtension;
  me.deadline = std::max(me.deadline, after(now, std::min(by, most)));
  return true;
}

}  // namespace zinit
