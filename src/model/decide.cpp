// The decision table, and what taking one of its rows does to a record.
#include "model/decide.hpp"

#include <algorithm>

#include "model/predicates.hpp"

namespace zinit {

namespace {

// What the table asks, in its own words. Those that look at neighbours are in predicates.hpp.

bool always(const Situation&) { return true; }
bool up(const Situation& s) { return s.me().wish == Wish::up; }
bool down(const Situation& s) { return !up(s); }
bool target(const Situation& s) { return s.spec().is_target(); }
bool wanted(const Situation& s) { return wanted(s.world, s.self); }
bool goes(const Situation& s) { return goes(s.world, s.self); }
bool clear(const Situation& s) { return clear(s.world, s.self); }
bool revivable(const Situation& s) { return revivable(s.world, s.self); }
bool may_start(const Situation& s) { return may_start(s.world, s.self, s.now); }
bool tried(const Situation& s) { return s.me().try_ != Try::none; }
bool owed(const Situation& s) { return s.me().stop_owed; }

bool process_there(const Situation& s) {
  return s.me().process == Process::alive || s.me().process == Process::lingering;
}
bool gone(const Situation& s) { return !process_there(s); }
bool ended(const Situation& s) { return s.me().process == Process::ended; }
bool expired(const Situation& s) { return s.now >= s.me().deadline; }

/// The end of the process counts as success.
bool ended_good(const Situation& s) { return ended(s) && good_end(s.spec(), s.me().end); }

bool done_oneshot(const Situation& s) { return s.spec().oneshot && s.me().done; }
bool done_oneshot_asked(const Situation& s) {
  return done_oneshot(s) && wanted(s) && !owed(s) && s.me().try_ == Try::asked;
}
bool done_oneshot_pulled(const Situation& s) {
  return done_oneshot(s) && s.me().try_ == Try::pulled;
}
bool down_with_result(const Situation& s) {
  return down(s) && (s.me().done || s.me().by_itself) && clear(s);
}
bool down_and_clear(const Situation& s) { return down(s) && clear(s); }
bool ended_at_last(const Situation& s) { return ended(s) && up(s); }

bool tried_or_owed(const Situation& s) { return tried(s) || owed(s); }

/// What a service cannot start for, before anything else is asked: its config, or what it requires.
Reason fault_of(const World& world, Slot slot) {
  const Node& node = world.node(slot);
  if (node.broken()) {
    Reason reason{ReasonType::config_error, 0, {}, node.spec->errors};
    reason.messages.insert(reason.messages.end(), node.faults.begin(), node.faults.end());
    return reason;
  }
  if (!node.missing.empty()) {
    Reason reason{ReasonType::missing_dependency, 0, node.missing.front(), {}};
    const std::string* link = world.graph->masked_by(reason.text);
    if (link != nullptr) reason.messages.push_back(*link);
    return reason;
  }
  for (const Slot required : node.requires_) {
    if (failed_for_good(world, required)) {
      return {ReasonType::dependency_failed, 0, world.graph->name(required), {}};
    }
  }
  return {};
}
bool at_fault(const Situation& s) { return static_cast<bool>(fault_of(s.world, s.self)); }

bool other_fault_now(const Situation& s) {
  const ReasonType type = s.me().reason.type;
  if (type != ReasonType::missing_dependency && type != ReasonType::dependency_failed) return false;
  const Reason now = fault_of(s.world, s.self);
  return now && now != s.me().reason;
}

/// A spawn failed, and something that it requires has become ready since: the cause may be mended.
bool dependency_returned(const Situation& s) {
  const Record& me = s.me();
  const bool mendable =
      me.reason.type == ReasonType::spawn_error || me.reason.type == ReasonType::port_in_use;
  if (!mendable || !up(s) || !s.node().missing.empty()) return false;
  bool newer = false;
  for (const Slot required : s.node().requires_) {
    if (!satisfied(s.world, required)) return false;
    newer = newer || s.world.record(required).ready_serial > me.failed_serial;
  }
  return newer;
}

bool respawn_goes(const Situation& s) { return s.me().respawn && goes(s); }

bool oneshot_succeeded(const Situation& s) { return s.spec().oneshot && ended_good(s); }
bool ended_again(const Situation& s) {
  return ended(s) && up(s) && policy_says_again(s.spec(), ended_good(s)) &&
         restarts_left(s.world, s.self, s.now);
}
/// With success, and not because its re-spawns are used up.
bool ended_well(const Situation& s) { return ended_good(s) && !policy_says_again(s.spec(), true); }

bool unhealthy(const Situation& s) { return s.me().health == Health::failed; }
bool watchdog_bit(const Situation& s) { return s.me().health == Health::watchdog; }
bool ready_for_use(const Situation& s) {
  return target(s) || (s.me().ready && s.me().process == Process::alive && !s.spec().oneshot);
}

/// A stop that is part of a re-spawn waits for nobody.
bool stays(const Situation& s) { return up(s) && !owed(s) && s.me().again; }
bool free_to_go(const Situation& s) { return stays(s) || clear(s); }
bool over(const Situation& s) { return gone(s) && free_to_go(s); }

bool again_goes(const Situation& s) { return stays(s) && goes(s); }
bool target_over_down(const Situation& s) { return target(s) && over(s) && down(s); }
bool over_down(const Situation& s) { return over(s) && down(s); }
bool over_tried_or_owed(const Situation& s) { return over(s) && tried_or_owed(s); }
bool self_caused(const Situation& s) {
  const StopCause cause = s.me().cause;
  return cause == StopCause::late || cause == StopCause::unhealthy || cause == StopCause::watchdog;
}
bool over_self_caused(const Situation& s) { return over(s) && self_caused(s) && !s.me().again; }
bool over_at_fault(const Situation& s) { return over(s) && at_fault(s); }
bool over_again(const Situation& s) { return over(s) && s.me().again; }
bool unsignalled(const Situation& s) {
  return process_there(s) && s.me().stage == StopStage::none && free_to_go(s);
}
bool stop_expired(const Situation& s) {
  return process_there(s) && s.me().stage == StopStage::signalled && expired(s);
}
bool kill_expired(const Situation& s) {
  return process_there(s) && s.me().stage == StopStage::killed && expired(s);
}

#define ROW(from, when, to, act) \
  Row { State::from, when, State::to, Act::act, StopCause::none, #when }
#define STOP(from, when, cause) \
  Row { State::from, when, State::stopping, Act::begin_stop, StopCause::cause, #when }

// The whole behaviour of a service: the first row of its state whose question is answered with yes
// is taken. A row that stays where it is and does nothing is a wait.
constexpr Row kRows[] = {
    ROW(inactive, wanted, blocked, fresh),
    ROW(inactive, always, inactive, none),

    ROW(exited, done_oneshot_asked, blocked, fresh_kept),
    ROW(exited, wanted, blocked, fresh),
    ROW(exited, done_oneshot_pulled, exited, clear_try),
    ROW(exited, down_with_result, inactive, rest),
    ROW(exited, always, exited, none),

    ROW(failed, process_there, failed, none),  // stop_timeout: nothing is done until it is gone
    ROW(failed, ended_at_last, blocked, fresh_delay),
    ROW(failed, down_and_clear, inactive, rest),
    ROW(failed, wanted, blocked, fresh),
    ROW(failed, revivable, blocked, none),
    ROW(failed, other_fault_now, failed, report_fault),
    ROW(failed, dependency_returned, blocked, none),
    ROW(failed, always, failed, none),

    ROW(blocked, down_and_clear, inactive, rest),
    ROW(blocked, at_fault, failed, report_fault),
    ROW(blocked, respawn_goes, blocked, drop_respawn),  // else dependents would run on without it
    ROW(blocked, tried_or_owed, blocked, fresh_delay),
    ROW(blocked, may_start, starting, launch),
    ROW(blocked, always, blocked, none),

    STOP(starting, down, down),
    STOP(starting, goes, dependency),  // before `ended`: an end caused by the loss is part of it
    STOP(starting, owed, owed),
    ROW(starting, oneshot_succeeded, exited, record_done),  // whatever its policy
    ROW(starting, ended_again, blocked, schedule),
    ROW(starting, ended_well, exited, record_end),
    ROW(starting, ended, failed, record_failure),
    ROW(starting, ready_for_use, running, become_ready),
    STOP(starting, expired, late),
    ROW(starting, tried, starting, clear_try),
    ROW(starting, always, starting, none),

    STOP(running, down, down),
    STOP(running, goes, dependency),
    STOP(running, owed, owed),
    ROW(running, ended_again, blocked, schedule),
    ROW(running, ended_well, exited, record_end),
    ROW(running, ended, failed, record_failure),
    STOP(running, unhealthy, unhealthy),
    STOP(running, watchdog_bit, watchdog),
    ROW(running, tried, running, clear_try),
    ROW(running, always, running, none),

    ROW(stopping, again_goes, stopping, give_up_again),
    ROW(stopping, target_over_down, inactive, finish_stop),
    ROW(stopping, over_down, exited, finish_stop),
    ROW(stopping, over_tried_or_owed, blocked, fresh),
    ROW(stopping, over_self_caused, failed, fail_stopped),
    ROW(stopping, over_at_fault, failed, fail_dependency),
    ROW(stopping, over_again, blocked, schedule),
    ROW(stopping, over, blocked, fresh_delay),
    ROW(stopping, unsignalled, stopping, signal_stop),
    ROW(stopping, stop_expired, stopping, kill),
    ROW(stopping, kill_expired, failed, fail_unkillable),
    ROW(stopping, always, stopping, none),
};

#undef ROW
#undef STOP

constexpr bool every_state_ends_in_always() {
  for (const StateInfo& info : kStates) {
    const Row* last = nullptr;
    for (const Row& row : kRows)
      if (row.from == info.state) last = &row;
    if (last == nullptr || last->condition != "always") return false;
    if (last->to != last->from || last->act != Act::none) return false;
  }
  return true;
}
static_assert(every_state_ends_in_always());

constexpr bool every_move_is_allowed() {
  for (const Row& row : kRows)
    if (row.from != row.to && !transition_allowed(row.from, row.to)) return false;
  return true;
}
static_assert(every_move_is_allowed());

/// A launch may end in these states besides the one of its row.
static_assert(transition_allowed(State::blocked, State::failed) &&
              transition_allowed(State::blocked, State::inactive));

/// Each state's rows lie together, so that a decision looks at no others.
struct Range {
  std::size_t first = 0;
  std::size_t count = 0;
};
constexpr std::array<Range, kStateCount> kRanges = [] {
  std::array<Range, kStateCount> ranges{};
  for (std::size_t i = 0; i < std::size(kRows); ++i) {
    Range& range = ranges[index_of(kRows[i].from)];
    if (range.count++ == 0) range.first = i;
  }
  return ranges;
}();
static_assert(
    [] {
      for (const StateInfo& info : kStates) {
        const Range range = kRanges[index_of(info.state)];
        for (std::size_t i = range.first; i < range.first + range.count; ++i)
          if (kRows[i].from != info.state) return false;
      }
      return true;
    }(),
    "the rows of a state are not together");

TimePoint next_look(const Situation& s) {
  const Record& me = s.me();
  switch (me.state) {
    case State::blocked: return me.delay_until > s.now ? me.delay_until : kNever;
    case State::starting:
    case State::stopping: return me.deadline;
    default: return kNever;
  }
}

// What an act does to a record.

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
    default: return {ReasonType::start_timeout, 0, {}, {}};
  }
}

TimePoint start_deadline(const Lifecycle& lifecycle, TimePoint now) {
  return lifecycle.start_timeout.infinite ? kNever : after(now, lifecycle.start_timeout.value);
}

State launched(World& world, Slot slot, TimePoint now, const LaunchOutcome& outcome) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  me.process = Process::none;
  switch (outcome.kind) {
    case LaunchOutcome::Kind::started:
      if (!spec.is_target()) me.process = Process::alive;
      me.ready = !spec.is_target() && !spec.oneshot;
      me.ready_at = {};
      me.health = Health::good;
      me.done = me.by_itself = me.skipped = false;
      me.delay_until = {};
      me.deadline = start_deadline(spec.lifecycle, now);
      return State::starting;
    case LaunchOutcome::Kind::failed: fail(world, me, outcome.reason); return State::failed;
    case LaunchOutcome::Kind::exhausted:
      // Not more often than this, however short the configured delay: what is lacking is the
      // machine's.
      me.delay_until =
          after(now, std::max<Milliseconds>(spec.lifecycle.restart_delay, Milliseconds{100}));
      return State::blocked;
    case LaunchOutcome::Kind::unmet:
      make_rest(me);
      me.reason = outcome.reason;
      me.skipped = true;
      me.ready_serial = ++world.serial;
      return State::inactive;
  }
  return me.state;
}

void do_act(World& world, Slot slot, const Row& row, TimePoint now) {
  Record& me = world.record(slot);
  const ServiceSpec& spec = world.spec(slot);
  switch (row.act) {
    case Act::none:
    case Act::launch: break;
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
      fail(world, me, reason_of_end(me.end));
      break;
    case Act::become_ready:
      me.respawn = false;
      me.ready_at = now;
      me.deadline = kNever;
      me.ready_serial = ++world.serial;
      break;
    case Act::begin_stop:
      me.cause = row.cause;
      me.stage = StopStage::none;
      me.deadline = kNever;
      me.again = self_caused(Situation{world, slot, now}) && up(Situation{world, slot, now}) &&
                 policy_says_again(spec, false) && restarts_left(world, slot, now);
      break;
    case Act::give_up_again: me.again = false; break;
    case Act::signal_stop:
      me.stage = StopStage::signalled;
      me.deadline = after(now, std::min(spec.lifecycle.stop_timeout, world.stop_limit));
      break;
    case Act::kill:
      me.stage = StopStage::killed;
      me.deadline = after(now, std::min(spec.lifecycle.stop_timeout, world.stop_limit));
      break;
    case Act::finish_stop: make_rest(me); break;
    case Act::fail_stopped: fail(world, me, stop_reason(me)); break;
    case Act::fail_unkillable: fail(world, me, {ReasonType::stop_timeout, 0, {}, {}}); break;
    case Act::rest: make_rest(me); break;
  }
}

/// What belongs to a state and not beyond it.
void leave(Record& me, State to, Act act) {
  if (me.state == State::stopping) {
    me.cause = StopCause::none;
    me.stage = StopStage::none;
    me.again = false;
  }
  if (me.process == Process::ended) me.process = Process::none;
  const bool reason_stays = to == State::failed || (to == State::inactive && act == Act::launch);
  if (!reason_stays) me.reason = {};
  if (to != State::starting && to != State::stopping) me.deadline = kNever;
}

}  // namespace

std::span<const Row> decision_rows() { return kRows; }

Step decide(const Situation& situation) {
  const Range range = kRanges[index_of(situation.me().state)];
  for (const Row& row : std::span(kRows).subspan(range.first, range.count)) {
    if (!row.when(situation)) continue;
    if (row.from == row.to && row.act == Act::none) return {nullptr, next_look(situation)};
    return {&row, kNever};
  }
  return {nullptr, kNever};  // not reached: every state ends in `always`
}

State apply(World& world, Slot slot, const Row& row, TimePoint now, const LaunchOutcome& outcome) {
  do_act(world, slot, row, now);
  const State to = row.act == Act::launch ? launched(world, slot, now, outcome) : row.to;
  Record& me = world.record(slot);
  if (to != me.state) {
    leave(me, to, row.act);
    me.state = to;
    me.since = now;
  }
  return to;
}

std::vector<Slot> limit_stops(World& world, Milliseconds limit, TimePoint now) {
  world.stop_limit = std::min(world.stop_limit, limit);
  std::vector<Slot> changed;
  for (const Slot slot : world.graph->order()) {
    Record& record = world.record(slot);
    if (record.state != State::stopping || record.stage == StopStage::none) continue;
    record.deadline = std::min(record.deadline, after(now, limit));
    changed.push_back(slot);
  }
  return changed;
}

void process_ended(World& world, Slot slot, const ProcessEnd& end, bool group_left) {
  Record& me = world.record(slot);
  me.end = end;
  me.has_end = true;
  me.process = group_left ? Process::lingering : Process::ended;
}

void group_gone(World& world, Slot slot) {
  Record& me = world.record(slot);
  if (me.process == Process::lingering) me.process = Process::ended;
}

void became_ready(World& world, Slot slot) { world.record(slot).ready = true; }

}  // namespace zinit
