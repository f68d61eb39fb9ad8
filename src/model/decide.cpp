// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The decision table. apply.cpp has the effect of each row on a record.
#include "model/decide.hpp"

#include <algorithm>

#include "model/predicates.hpp"

namespace zinit {

namespace {

// The predicates of the table; predicates.hpp explains those that look at neighbours. The comment
// of each becomes a cell of the table in doc/behaviour.md (`test/lint/docs --rows`).

/// None of the rows above holds.
bool always(const Situation&) { return true; }
/// The wish is up.
bool up(const Situation& s) { return s.me().wish == Wish::up; }
/// The wish is down.
bool down(const Situation& s) { return !up(s); }
/// The wish is up, and a start or a stop has been requested.
bool wanted(const Situation& s) { return wanted(s.world, s.self); }
/// A service that it requires is missing, or is neither ready nor being re-spawned; or a service
/// that it is bound to is not ready.
bool dependency_lost(const Situation& s) { return dependency_lost(s.world, s.self); }
/// All services that must be down before it are down.
bool dependents_down(const Situation& s) { return dependents_down(s.world, s.self); }
/// It failed because of a missing or failed dependency, its wish is up, and no dependency is
/// missing or failed any more.
bool revivable(const Situation& s) { return revivable(s.world, s.self); }
/// Every service that it requires is ready, no service in its `after` is about to start, nothing
/// conflicts, and no delay is left.
bool may_start(const Situation& s) { return may_start(s.world, s.self, s.now); }
/// A start has been requested.
bool tried(const Situation& s) { return s.me().try_ != Try::none; }
/// A start has been requested, and its main process has not ended.
bool tried_while_up(const Situation& s) {
  return tried(s) && !s.me().command.post && s.me().process != Process::lingering &&
         !has_ended(s.world, s.self);
}
/// A stop is owed: a restart was requested, or its config has changed.
bool owed(const Situation& s) { return s.me().stop_owed; }

bool process_there(const Situation& s) {
  return s.me().process == Process::alive || s.me().process == Process::lingering ||
         s.me().process == Process::held;
}
bool expired(const Situation& s) { return s.now >= s.me().deadline; }
/// Whether no delay is left after a spawn that failed because of a lack of processes, memory or
/// file descriptors.
bool due(const Situation& s) { return s.now >= s.me().delay_until; }

/// Whether the process has ended and a command of post_exec is left to run. With `accept` only the
/// instances run commands, even if a reload has added `accept` while the service has a process.
bool post_left(const Situation& s) {
  const Record& me = s.me();
  if (me.process != Process::ended || !s.spec().has_process()) return false;
  const std::size_t commands = s.spec().post_exec->size();
  if (!me.command.post) return commands > 0;
  return me.command.index < commands && me.stage != StopStage::killed && !expired(s);
}
/// Its process and the rest of the group have ended, and a command of `post_exec` is left to run.
bool post_due(const Situation& s) { return post_left(s) && due(s); }
/// A command of `post_exec` runs, and the stop timeout, which limits all of them together, is over.
bool post_expired(const Situation& s) {
  return s.me().command.post && process_there(s) && s.me().stage != StopStage::killed && expired(s);
}

/// Whether a command of pre_exec has ended well and the next command is not spawned yet.
bool between_commands(const Situation& s) {
  return s.me().process == Process::ended && s.me().command.passed && !s.me().command.post;
}
/// A command of `pre_exec` has ended well.
bool next_due(const Situation& s) { return between_commands(s) && due(s); }

/// Whether no process is left, and post_exec is done.
bool gone(const Situation& s) { return !process_there(s) && !post_left(s); }
/// SIGKILL has not ended one of its processes.
bool still_there(const Situation& s) { return !gone(s); }
/// Its process and the rest of the group have ended in any other way, and `post_exec` is done.
bool process_exited(const Situation& s) {
  return s.me().process == Process::ended && !post_left(s) && !between_commands(s);
}
/// The command after `pre_exec` could not be executed.
bool unspawned(const Situation& s) {
  return process_exited(s) && s.me().reason.type == ReasonType::spawn_error &&
         s.me().reason.step != CommandKind::ready_exec;
}

/// Whether the main process was still starting, and had to run for `after_ms` to be ready.
bool ended_early(const Situation& s) {
  return s.me().state == State::starting && s.spec().readiness->after > Milliseconds{0};
}
/// Whether the main process has ended with success.
bool exited_good(const Situation& s) {
  return (process_exited(s) || s.me().process == Process::held) &&
         s.me().command.before_post == CommandKind::main && good_end(s.spec(), s.me().end) &&
         !ended_early(s);
}
/// Whether `no_restart_on` lists the end of the main process.
bool ended_for_good(const Situation& s) {
  return s.me().command.before_post == CommandKind::main &&
         contains(*s.spec().lifecycle.no_restart_on, s.me().end);
}

bool done_oneshot(const Situation& s) { return done_oneshot(s.world, s.self); }
bool holds(const Situation& s) { return holds(s.world, s.self); }
/// A done oneshot holds something, and the wish is down.
bool holds_unwished(const Situation& s) { return holds(s) && down(s); }
/// A done oneshot holds something, and a service that it requires is missing, or is neither ready
/// nor being re-spawned.
bool holds_without_dependency(const Situation& s) { return holds(s) && dependency_lost(s); }
/// A done oneshot holds something, and a stop is owed.
bool holds_owed(const Situation& s) { return holds(s) && owed(s); }
/// A done oneshot holds something, and must run once more.
bool holds_asked(const Situation& s) { return holds(s) && s.me().try_ == Try::asked; }
/// A done oneshot owes a stop, because a service that it requires is restarted, and its dependents
/// are not down.
bool owed_before_dependents(const Situation& s) {
  return done_oneshot(s) && owed(s) && up(s) && !dependents_down(s);
}
/// A done oneshot must run once more.
bool done_oneshot_asked(const Situation& s) {
  return done_oneshot(s) && wanted(s) && !owed(s) && s.me().try_ == Try::asked;
}
/// A done oneshot has been pulled in by another service.
bool done_oneshot_pulled(const Situation& s) {
  return done_oneshot(s) && s.me().try_ == Try::pulled;
}
/// A condition for its start did not hold, and it must be tried once more.
bool skipped_wanted(const Situation& s) { return s.me().skipped && wanted(s) && !owed(s); }
/// The wish is down, it had ended by itself, and its dependents are down.
bool down_with_result(const Situation& s) {
  return down(s) && (s.me().done || s.me().by_itself) && dependents_down(s);
}
/// The wish is down, and its dependents are down.
bool down_after_dependents(const Situation& s) { return down(s) && dependents_down(s); }
/// It failed with `stop_timeout`, its wish is up, and now its processes have ended.
bool exited_at_last(const Situation& s) { return process_exited(s) && up(s); }

/// `stop_when_unneeded`: no service that needed it is up any more, and no start has named it.
bool unneeded(const Situation& s) { return unneeded(s.world, s.self); }

/// A start has been requested, or a stop is owed.
bool tried_or_owed(const Situation& s) { return tried(s) || owed(s); }

/// Its config is wrong, or a dependency is missing or has failed for good.
bool at_fault(const Situation& s) { return static_cast<bool>(fault_of(s.world, s.self)); }

/// It failed because of a dependency, and now another one is missing or has failed.
bool other_fault_now(const Situation& s) {
  const ReasonType type = s.me().reason.type;
  if (type != ReasonType::missing_dependency && type != ReasonType::dependency_failed) return false;
  const Reason now = fault_of(s.world, s.self);
  return now && now != s.me().reason;
}

/// It could not be spawned, and a service that it requires has become ready since: this may have
/// removed the cause.
bool dependency_returned(const Situation& s) {
  const Record& me = s.me();
  const bool mendable =
      me.reason.type == ReasonType::spawn_error || me.reason.type == ReasonType::port_in_use;
  if (!mendable || !up(s) || !s.node().missing->empty()) return false;
  bool newer = false;
  for (const Slot required : s.node().requires_) {
    if (!satisfied(s.world, required)) return false;
    newer = newer || s.world.record(required).ready_serial > me.failed_serial;
  }
  return newer;
}

/// Its dependents wait for its pending re-spawn, but one of its own dependencies is lost.
bool respawn_loses_dependency(const Situation& s) { return s.me().respawn && dependency_lost(s); }

/// A oneshot has ended with success, independent of its policy.
bool oneshot_succeeded(const Situation& s) { return s.spec().oneshot && exited_good(s); }
bool exited_to_try_again(const Situation& s) {
  return process_exited(s) && up(s) && policy_says_again(s.spec(), exited_good(s)) &&
         !ended_for_good(s);
}
/// Its process has ended, the policy starts it again, `no_restart_on` does not list the end, and
/// `max_restarts` allows it.
bool exited_to_restart(const Situation& s) {
  return exited_to_try_again(s) && restarts_left(s.world, s.self, s.now);
}
/// Its process has ended, the policy starts it again, and `no_restart_on` does not list the end,
/// but `max_restarts` is reached.
bool restarts_used_up(const Situation& s) {
  return exited_to_try_again(s) && !restarts_left(s.world, s.self, s.now);
}
/// Its process has ended with success, the policy does not start it again, and `no_restart_on` does
/// not list the end.
bool exited_well(const Situation& s) {
  return exited_good(s) && !policy_says_again(s.spec(), true) && !ended_for_good(s);
}

/// Its health checks have failed as often as `[health]` allows.
bool unhealthy(const Situation& s) {
  return !s.me().command.post && s.me().health == Health::failed;
}
/// It has given no sign of life for `watchdog_ms`.
bool watchdog_bit(const Situation& s) {
  return !s.me().command.post && s.me().health == Health::watchdog;
}
bool process_ready(const Situation& s) {
  const Record& me = s.me();
  const ServiceSpec& spec = s.spec();
  return spec.has_process() && checked_now(me) && !spec.oneshot &&
         (me.notified || !spec.readiness->awaited()) &&
         (me.healthy || !spec.health->configured()) && s.now >= me.ready_from;
}
bool ready_commands_left(const Situation& s) {
  return s.me().ready_begun < s.spec().ready_exec->size();
}
/// Its process is ready, and a command of `ready_exec` is left to run.
bool ready_exec_due(const Situation& s) {
  return process_ready(s) && !s.me().ready_runs && ready_commands_left(s) && due(s);
}
/// A command of `ready_exec` has failed.
bool ready_exec_failed(const Situation& s) {
  return s.me().reason.step == CommandKind::ready_exec && !s.me().command.post;
}
/// Its main process runs, has reported that it is ready if `[readiness]` asks for a report, and was
/// found healthy if there is `[health]`; `after_ms` has passed since its execution, and the
/// commands of `ready_exec` have ended well. A oneshot is never ready. A target or a service with
/// `accept` has no process and is ready at once.
bool ready_for_use(const Situation& s) {
  if (!s.spec().has_process()) return true;
  return process_ready(s) && !s.me().ready_runs && !ready_commands_left(s);
}
/// Its start timeout is over.
bool late(const Situation& s) { return !s.me().command.post && expired(s); }

bool stops_to_respawn(const Situation& s) { return stops_to_respawn(s.me()); }
bool free_to_stop(const Situation& s) {
  return stops_to_respawn(s) ? bound_down(s.world, s.self) : dependents_down(s);
}
/// All its processes have ended, and its dependents are down.
bool over(const Situation& s) { return gone(s) && free_to_stop(s); }

/// The stop is part of a re-spawn, and a service that it requires is lost.
bool again_loses_dependency(const Situation& s) {
  return stops_to_respawn(s) && dependency_lost(s);
}
/// The stop is over, the wish is down, and there is no result to show: it is a target, has `accept`
/// or was a done oneshot.
bool over_no_result(const Situation& s) {
  const bool no_result =
      kind_info(s.spec().kind).stopped == State::inactive || s.spec().accepts() || s.me().done;
  return over(s) && down(s) && no_result;
}
/// The stop is over, and the wish is down.
bool over_down(const Situation& s) { return over(s) && down(s); }
/// The stop is over, was part of a re-spawn, and a start has been requested.
bool over_asked(const Situation& s) {
  return over(s) && stops_to_respawn(s) && (tried(s) || s.me().cause == StopCause::asked);
}
/// The stop is over, and a start has been requested or a stop is owed.
bool over_tried_or_owed(const Situation& s) { return over(s) && tried_or_owed(s); }
/// The stop is over; the service was late, unhealthy or gave no sign of life, or its `ready_exec`
/// has failed, and the policy does not start it again.
bool over_self_caused(const Situation& s) {
  return over(s) && self_caused(s.me()) && !s.me().again;
}
/// The stop is over, and its config is wrong or a dependency is missing or has failed for good.
bool over_at_fault(const Situation& s) { return over(s) && at_fault(s); }
/// The stop is over, and was part of a re-spawn.
bool over_again(const Situation& s) { return over(s) && s.me().again; }
/// Its process has had no stop signal yet, and its dependents are down.
bool unsignalled(const Situation& s) {
  return process_there(s) && !s.me().command.post && s.me().stage == StopStage::none &&
         free_to_stop(s);
}
/// The stop timeout is over.
bool stop_expired(const Situation& s) {
  return process_there(s) && !s.me().command.post && s.me().stage == StopStage::signalled &&
         expired(s);
}
/// Some of its processes still exist when a stop timeout has passed since SIGKILL.
bool kill_expired(const Situation& s) {
  return process_there(s) && s.me().stage == StopStage::killed && expired(s);
}

#define ROW(from, when, to, act) \
  Row { from, when, to, Act::act, StopCause::none, #when }
#define STOP(from, when, cause) \
  Row { from, when, State::stopping, Act::begin_stop, StopCause::cause, #when }

using enum State;
constexpr StateSet any_state = inactive | blocked | starting | running | stopping | exited | failed;
constexpr std::nullopt_t same = std::nullopt;  // the service stays in its state

// The whole behaviour of a service. The first row for its state whose predicate holds is taken, so
// the order of rows matters. A row that keeps the state and does nothing is a wait.
constexpr Row kRows[] = {
    ROW(inactive, skipped_wanted, blocked, fresh_kept),
    ROW(inactive, wanted, blocked, fresh),

    ROW(blocked | exited, unneeded, same, drop_wish),

    STOP(exited, holds_unwished, down),
    STOP(exited, holds_without_dependency, dependency),
    STOP(exited, holds_owed, owed),
    STOP(exited, holds_asked, asked),
    ROW(exited, owed_before_dependents, same, none),
    ROW(exited, done_oneshot_asked, blocked, fresh_kept),
    ROW(exited, wanted, blocked, fresh),
    ROW(exited, done_oneshot_pulled, same, clear_try),
    ROW(exited, down_with_result, inactive, rest),

    ROW(blocked, down_after_dependents, inactive, rest),
    ROW(blocked, at_fault, failed, report_fault),
    ROW(blocked, respawn_loses_dependency, same, drop_respawn),
    ROW(blocked, tried_or_owed, same, fresh_delay),
    ROW(blocked, may_start, starting, launch),

    STOP(starting | running, unneeded, unneeded),
    STOP(starting | running, down, down),
    STOP(starting | running, dependency_lost, dependency),  // may be why it has ended
    STOP(starting | running, owed, owed),
    ROW(stopping, again_loses_dependency, same, give_up_again),

    // The next command after the end of one. The service stays in its state until post_exec is
    // done, so these rows come before the rows that look at how the process has ended.
    ROW(starting, next_due, same, launch_next),
    ROW(starting | running | stopping | failed, post_due, same, launch_post),
    ROW(starting | running | stopping | failed, post_expired, same, kill),
    ROW(starting | running | stopping, kill_expired, failed, fail_unkillable),

    ROW(starting, unspawned, failed, record_unspawned),
    ROW(starting, oneshot_succeeded, exited, record_done),  // independent of its policy
    ROW(starting | running, exited_to_restart, blocked, schedule),
    ROW(starting | running, restarts_used_up, failed, give_up),
    ROW(starting | running, exited_well, exited, record_end),
    ROW(starting | running, process_exited, failed, record_failure),
    STOP(starting, ready_exec_failed, ready_exec),
    ROW(starting, ready_for_use, running, become_ready),
    STOP(starting, late, late),
    STOP(running, unhealthy, unhealthy),
    STOP(starting | running, watchdog_bit, watchdog),
    ROW(starting, ready_exec_due, same, run_ready),
    ROW(starting | running, tried_while_up, same, clear_try),

    ROW(stopping, over_no_result, inactive, finish_stop),
    ROW(stopping, over_down, exited, finish_stop),
    ROW(stopping, over_asked, blocked, fresh_kept),
    ROW(stopping, over_tried_or_owed, blocked, fresh),
    ROW(stopping, over_self_caused, failed, fail_stopped),
    ROW(stopping, over_at_fault, failed, fail_dependency),
    ROW(stopping, over_again, blocked, schedule),
    ROW(stopping, over, blocked, fresh_delay),
    ROW(stopping, unsignalled, same, signal_stop),
    ROW(stopping, stop_expired, same, kill),

    ROW(failed, still_there, same, none),  // after stop_timeout: wait until the process is gone
    ROW(failed, exited_at_last, blocked, fresh_delay),
    ROW(failed, down_after_dependents, inactive, rest),
    ROW(failed, wanted, blocked, fresh),
    ROW(failed, revivable, blocked, none),
    ROW(failed, other_fault_now, same, report_fault),
    ROW(failed, dependency_returned, blocked, none),

    ROW(any_state, always, same, none),
};

#undef ROW
#undef STOP

constexpr bool every_state_ends_in_always() {
  const Row& last = *std::rbegin(kRows);
  return last.condition == "always" && last.waits() &&
         std::ranges::all_of(kStates, [&](const StateInfo& in) { return last.from.has(in.state); });
}
static_assert(every_state_ends_in_always());

constexpr bool every_move_is_allowed() {
  for (const Row& row : kRows) {
    for (const StateInfo& in : kStates)
      if (row.to && row.from.has(in.state) && !transition_allowed(in.state, *row.to)) return false;
  }
  return true;
}
static_assert(every_move_is_allowed());

/// A launch may end in these states as well as in the state of its row.
static_assert(transition_allowed(blocked, failed) && transition_allowed(blocked, inactive));

/// The rows of each state, so that a decision looks at no other rows.
struct StateRows {
  std::array<std::uint8_t, std::size(kRows)> rows{};
  std::size_t count = 0;
};
static_assert(std::size(kRows) < 256);
constexpr std::array<StateRows, kStateCount> kRowsOf = [] {
  std::array<StateRows, kStateCount> all_rows{};
  for (const StateInfo& in : kStates) {
    StateRows& of = all_rows[index_of(in.state)];
    for (std::size_t i = 0; i < std::size(kRows); ++i)
      if (kRows[i].from.has(in.state)) of.rows[of.count++] = static_cast<std::uint8_t>(i);
  }
  return all_rows;
}();

/// The deadline of a wait. Passed times are left out: decide() has just considered them.
TimePoint next_look(const Situation& s) {
  const Record& me = s.me();
  const auto to_come = [&](TimePoint time) { return time > s.now ? time : kNever; };
  // For a service that may have a process, or post_exec to run.
  const auto process_look = [&] {
    const TimePoint step = me.process == Process::ended ? to_come(me.delay_until) : kNever;
    return std::min(step, to_come(me.deadline));
  };
  switch (me.state) {
    case blocked: return to_come(me.delay_until);
    case starting:
      return std::min({to_come(me.ready_from), to_come(me.delay_until), process_look()});
    case running:
    case stopping:
    case failed: return process_look();
    case inactive:
    case exited: break;
  }
  return kNever;
}

}  // namespace

std::span<const Row> decision_rows() { return kRows; }

Step decide(const Situation& situation) {
  const StateRows& of = kRowsOf[index_of(situation.me().state)];
  for (const std::uint8_t i : std::span(of.rows).first(of.count)) {
    const Row& row = kRows[i];
    if (!row.when(situation)) continue;
    if (row.waits()) break;
    return {&row, kNever};
  }
  return {nullptr, next_look(situation)};
}

}  // namespace zinit
