// The decision table. What taking one of its rows does to a record is in apply.cpp.
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
bool expired(const Situation& s) { return s.now >= s.me().deadline; }
/// No step waits for room any more.
bool due(const Situation& s) { return s.now >= s.me().delay_until; }

/// The process has ended, and a command of post_exec is still to be run.
bool post_left(const Situation& s) {
  const Record& me = s.me();
  if (me.process != Process::ended) return false;
  const std::size_t commands = s.spec().post_exec.size();
  if (!me.post) return commands > 0;
  return me.step < commands && me.stage != StopStage::killed && !expired(s);
}
bool post_due(const Situation& s) { return post_left(s) && due(s); }
bool post_expired(const Situation& s) {
  return s.me().post && process_there(s) && s.me().stage != StopStage::killed && expired(s);
}

/// A command of pre_exec has ended well, and what follows it is not spawned yet.
bool between_steps(const Situation& s) {
  return s.me().process == Process::ended && s.me().passed && !s.me().post;
}
bool next_due(const Situation& s) { return between_steps(s) && due(s); }

/// No process is left, and post_exec is done.
bool gone(const Situation& s) { return !process_there(s) && !post_left(s); }
bool still_there(const Situation& s) { return !gone(s); }
bool ended(const Situation& s) {
  return s.me().process == Process::ended && !post_left(s) && !between_steps(s);
}
bool unspawned(const Situation& s) {
  return ended(s) && s.me().reason.type == ReasonType::spawn_error;
}

/// The end of the process counts as success.
bool ended_good(const Situation& s) {
  return ended(s) && s.me().phase == Phase::main && good_end(s.spec(), s.me().end);
}

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

bool unhealthy(const Situation& s) { return !s.me().post && s.me().health == Health::failed; }
bool watchdog_bit(const Situation& s) { return !s.me().post && s.me().health == Health::watchdog; }
bool ready_for_use(const Situation& s) {
  const Record& me = s.me();
  const ServiceSpec& spec = s.spec();
  if (target(s)) return true;
  return checked_now(me) && !spec.oneshot && (me.notified || !spec.readiness->awaited()) &&
         (me.healthy || !spec.health->configured());
}
bool late(const Situation& s) { return !s.me().post && expired(s); }

/// A stop that is part of a re-spawn waits for nobody.
bool stays(const Situation& s) { return up(s) && !owed(s) && s.me().again; }
bool free_to_go(const Situation& s) { return stays(s) || clear(s); }
bool over(const Situation& s) { return gone(s) && free_to_go(s); }

bool again_goes(const Situation& s) { return stays(s) && goes(s); }
bool target_over_down(const Situation& s) { return target(s) && over(s) && down(s); }
bool over_down(const Situation& s) { return over(s) && down(s); }
bool over_tried_or_owed(const Situation& s) { return over(s) && tried_or_owed(s); }
bool over_self_caused(const Situation& s) {
  return over(s) && self_caused(s.me()) && !s.me().again;
}
bool over_at_fault(const Situation& s) { return over(s) && at_fault(s); }
bool over_again(const Situation& s) { return over(s) && s.me().again; }
bool unsignalled(const Situation& s) {
  return process_there(s) && !s.me().post && s.me().stage == StopStage::none && free_to_go(s);
}
bool stop_expired(const Situation& s) {
  return process_there(s) && !s.me().post && s.me().stage == StopStage::signalled && expired(s);
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

    ROW(failed, post_due, failed, launch_post),
    ROW(failed, post_expired, failed, kill),
    ROW(failed, still_there, failed, none),  // stop_timeout: nothing is done until it is gone
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
    ROW(starting, next_due, starting, launch_next),
    ROW(starting, post_due, starting, launch_post),  // its state stays until that is done
    ROW(starting, post_expired, starting, kill),
    ROW(starting, kill_expired, failed, fail_unkillable),
    ROW(starting, unspawned, failed, record_unspawned),
    ROW(starting, oneshot_succeeded, exited, record_done),  // whatever its policy
    ROW(starting, ended_again, blocked, schedule),
    ROW(starting, ended_well, exited, record_end),
    ROW(starting, ended, failed, record_failure),
    ROW(starting, ready_for_use, running, become_ready),
    STOP(starting, late, late),
    STOP(starting, watchdog_bit, watchdog),  // it asked for that itself
    ROW(starting, tried, starting, clear_try),
    ROW(starting, always, starting, none),

    STOP(running, down, down),
    STOP(running, goes, dependency),
    STOP(running, owed, owed),
    ROW(running, post_due, running, launch_post),
    ROW(running, post_expired, running, kill),
    ROW(running, kill_expired, failed, fail_unkillable),
    ROW(running, ended_again, blocked, schedule),
    ROW(running, ended_well, exited, record_end),
    ROW(running, ended, failed, record_failure),
    STOP(running, unhealthy, unhealthy),
    STOP(running, watchdog_bit, watchdog),
    ROW(running, tried, running, clear_try),
    ROW(running, always, running, none),

    ROW(stopping, again_goes, stopping, give_up_again),
    ROW(stopping, post_due, stopping, launch_post),
    ROW(stopping, post_expired, stopping, kill),
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

/// What has passed already is looked at now, and not waited for.
TimePoint next_look(const Situation& s) {
  const Record& me = s.me();
  const auto to_come = [&](TimePoint time) { return time > s.now ? time : kNever; };
  switch (me.state) {
    case State::blocked: return to_come(me.delay_until);
    case State::starting:
    case State::running:
    case State::stopping:
    case State::failed: {  // with a process, or post_exec
      const TimePoint step = me.process == Process::ended ? to_come(me.delay_until) : kNever;
      return std::min(step, to_come(me.deadline));
    }
    case State::inactive:
    case State::exited: break;
  }
  return kNever;
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

}  // namespace zinit
