// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The decision: what a service must do now in the present situation. One table, kRows in
// decide.cpp, is the whole behaviour of a service. The section "Transitions" of behaviour.md shows
// it in words.
//
// decide() is pure: no clock, no locks, no system calls. The same situation leads to the same step,
// independent of the events before. If there is nothing to do, the service waits until a neighbour
// changes, or until Step::deadline.
//
// apply() is the other half: it updates the record after a step was carried out. Spawning and
// signalling happen between the two, in the board (supervisor/steps.cpp) or in a test's simulation.
//
// A Situation is a World (the graph, a record for each service, whether a shutdown has begun), a
// slot in it, and the time. A row of kRows has a set of states, a named question about the
// situation, the next state, and one of some twenty acts. Of the rows that name the service's
// state, the first whose question is answered with yes is taken. A row that keeps the state and
// does nothing is a wait. Checks of the compiler prove that the rows of every state end in a wait,
// and that every move is one of transition_allowed() (state.hpp).
//
// The table looks at the present and never at past events. So a lost, doubled or late wake-up can
// delay a step but cannot make it wrong. What must be remembered of an event is a fact in the
// record: a try, a stop that is owed, the end of a process.
//
// A stop travels as state. A service that must stop enters `stopping` at once. The services that
// require it see this by their own questions and enter `stopping` too. Each sends its signal when
// its dependents are down. No code walks the graph to compute an order, so none can deadlock or
// miss a service that was added meanwhile.
//
// All of this room is pure, and tested without processes:
//   spec.hpp, graph.hpp, record.hpp, world.hpp   what there is
//   predicates.hpp                               questions that look at neighbours
//   wake.hpp                                     for whom a change counts
//   request.hpp                                  what start, stop, restart, boot and shutdown set
//   plan.hpp, why.hpp                            what a reload means; why a service is not running
//   simulation.hpp, rehearsal.hpp                a simulated board; what a request would do
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "model/world.hpp"

namespace zinit {

/// What a step does besides entering a state. The launches, run_ready, signal_stop and kill act on
/// processes, all others only on the record. The comments become cells of the table in
/// doc/behaviour.md (`test/lint/docs --rows`).
enum class Act : std::uint8_t {
  none,
  fresh,             // requests, delay and count of re-spawns are cleared
  fresh_kept,        // requests, delay and count are cleared, and its dependents keep running
  clear_try,         // the requested start is dropped: it has already happened
  fresh_delay,       // requests, delay and count of re-spawns are cleared
  drop_respawn,      // its dependents no longer wait for the re-spawn, and stop
  drop_wish,         // its wish becomes down
  report_fault,      // the reason becomes the config's fault, or the missing or failed dependency
  launch,            // its first command is spawned; if this fails, it becomes `failed`
  launch_next,       // the next command of `pre_exec`, or the main process, is spawned
  launch_post,       // the next command of `post_exec` is spawned
  run_ready,         // the next command of `ready_exec` is run
  schedule,          // the re-spawn gets its delay, and is counted
  record_done,       // recorded: the oneshot is done
  record_end,        // recorded: it has ended by itself
  record_failure,    // the reason becomes the way in which it ended
  give_up,           // the reason becomes the way in which it ended; `max_restarts` is recorded
  record_unspawned,  // the reason becomes the error of its execution
  become_ready,      // the start timeout ends
  begin_stop,        // its dependents are stopped before it
  give_up_again,     // the stop is no longer part of a re-spawn
  signal_stop,       // the stop signal is sent; the stop timeout begins
  kill,              // SIGKILL is sent; the stop timeout begins again
  finish_stop,       // requests and result are cleared
  fail_stopped,      // the reason becomes the cause of its stop
  fail_dependency,   // the reason becomes the config's fault, or the missing or failed dependency
  fail_unkillable,   // the reason becomes `stop_timeout`
  rest,              // requests and result are cleared
};

struct Situation {
  const World& world;
  Slot self;
  TimePoint now;

  [[nodiscard]] const Record& me() const { return world.record(self); }
  [[nodiscard]] const Node& node() const { return world.node(self); }
  [[nodiscard]] const ServiceSpec& spec() const { return world.spec(self); }
};

using Predicate = bool (*)(const Situation&);

/// A row of the table. It applies to a service in one of the states `from`.
struct Row {
  StateSet from;
  Predicate when;
  std::optional<State> to;  // none: the state stays
  Act act;
  StopCause cause;             // for begin_stop
  std::string_view condition;  // the predicate's name, for debug-state and the generated diagram

  /// The row does nothing: the service waits until something changes.
  [[nodiscard]] constexpr bool waits() const { return !to && act == Act::none; }
};

/// The table, for tests.
[[nodiscard]] std::span<const Row> decision_rows();

struct Step {
  const Row* row = nullptr;     // null: there is nothing to do now
  TimePoint deadline = kNever;  // without a row: call decide() again by then

  [[nodiscard]] bool waits() const noexcept { return row == nullptr; }
};

[[nodiscard]] Step decide(const Situation& situation);

/// Records that the launch of `row` has begun: the process is `launching` until apply() gets the
/// outcome. Sets the record's `command` to the command to launch. Not for a kind without a process,
/// which launches nothing.
void begin_launch(World& world, Slot slot, const Row& row, TimePoint now);

/// Gives up a launch before it created a process: the service is again as before begin_launch(),
/// and decide() is asked again.
void abandon_launch(World& world, Slot slot);

/// How a launch ended.
struct LaunchOutcome {
  enum class Kind : std::uint8_t {
    started,    // there is a process, if the kind has one
    failed,     // another try would fail as well; `reason` says why
    exhausted,  // no processes, memory or file descriptors: tried again later
    unmet,      // the condition in `reason` does not hold; only for the first command
  };
  Kind kind = Kind::started;
  Reason reason;
};

/// Updates the record for taking `row`, including its state. The caller has already sent the
/// signals or spawned the process of the row; `outcome` is the outcome of a launch. Returns the
/// state entered, which for a launch depends on its outcome. The caller must wake the services that
/// the change affects (wake.hpp).
State apply(World& world, Slot slot, const Row& row, TimePoint now,
            const LaunchOutcome& outcome = {});

/// Sets the wish to down, and cancels a requested or delayed start.
void no_longer_wish(Record& record);

/// For a hurried shutdown: from now on no stop timeout is longer than `limit`, including timeouts
/// that have begun already. Returns the slots whose deadlines it may have shortened.
std::vector<Slot> limit_stops(World& world, Milliseconds limit, TimePoint now);

/// Why the stop under way, whose cause is the service itself, has been begun.
[[nodiscard]] Reason stop_reason(const Record& record);

// Events from outside that change a record.

/// The process has ended. `group_left`: other processes of its group still run. A oneshot whose
/// main process ended with success holds these from now on.
void process_ended(World& world, Slot slot, const ProcessEnd& end, bool group_left);
/// The process has ended by itself with success, and the processes it left are killed. This becomes
/// the reason why the service is down or spawned again. No effect on a oneshot, or in a stop.
void left_behind(World& world, Slot slot);
/// The last process of the group is gone; for a successful oneshot: the last process that it holds.
/// The oneshot still holds what its stop_exec takes back, and its post_exec, if any, waits for its
/// stop.
void group_gone(World& world, Slot slot);
/// Whether `end` is a successful end of a oneshot's main process: the processes it left live on.
[[nodiscard]] bool leaves_held(const World& world, Slot slot, const ProcessEnd& end);

// Results of readiness, health checks and the watchdog for the main process. The caller makes sure
// that they concern the current process. Each returns whether it has changed the record.

/// Whether there is a main process to check.
[[nodiscard]] bool checked_now(const Record& record);
/// Whether the last health check of that process has succeeded.
[[nodiscard]] bool healthy_now(const Record& record);
/// The process has reported that it is ready, or a probe has succeeded.
bool check_passed(World& world, Slot slot, CheckKind which);
/// A probe has failed, the `attempts`-th in a row. Only status and why show it.
bool probe_failed(World& world, Slot slot, int attempts, std::string_view error);
/// The allowed number of probes in a row has failed, so the service must be stopped. No effect
/// before the service is running: until then its start timeout applies.
bool health_failed(World& world, Slot slot);
/// The process gave no sign of life for watchdog_ms.
bool watchdog_expired(World& world, Slot slot);
/// The process asks for `by` more time, from now on, to become ready or to stop. This never
/// shortens its deadline. A hurried shutdown gives a stop no more time.
bool extend_deadline(World& world, Slot slot, Milliseconds by, TimePoint now);

/// The end of a command of ready_exec, which ran beside the main process.
void ready_command_ended(World& world, Slot slot, const ProcessEnd& end);
/// The command has not run. If `outcome` is `exhausted`, it is tried again after a delay.
void ready_command_unspawned(World& world, Slot slot, const LaunchOutcome& outcome, TimePoint now);
/// Nothing is known about the command's end: it runs again.
void ready_command_lost(World& world, Slot slot);

/// The longest extension that one request gives. A process that hangs makes no further request.
inline constexpr Milliseconds kLongestExtension{24 * 60 * 60 * 1000};

}  // namespace zinit
