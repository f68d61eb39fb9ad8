// The decision: what a service must do now, given how things are. One table, kRows in decide.cpp,
// is the whole behaviour of a service; behaviour.md ("States") can be held beside it.
//
// decide() is pure: no clock, no locks, no system calls; the same situation leads to the same step,
// whatever events led to it. A service whose situation gives no row waits, until a neighbour
// changes or until Step::deadline.
//
// The other half is apply(): what a step does to the record, once it has been carried out. Between
// the two lies the board, which spawns and signals (supervisor/job.cpp), or a test's
// simulation of it.
#pragma once

#include <span>
#include <string_view>

#include "model/world.hpp"

namespace zinit {

/// What a step does besides entering a state. The outside acts are those that launch, signal_stop
/// and kill.
enum class Act : std::uint8_t {
  none,
  fresh,       // try, stop owed, delay, count and re-spawn are cleared: the attempt begins anew
  fresh_kept,  // as fresh, but as a re-spawn: dependents stay
  clear_try,
  fresh_delay,       // delay and count anew
  drop_respawn,      // the re-spawn is no longer one that dependents wait through
  report_fault,      // reason: what is missing, failed or wrong in the config
  launch,            // spawn the first command; the outcome decides the state entered
  launch_next,       // spawn the next of pre_exec, or the main process
  launch_post,       // spawn the next of post_exec
  schedule,          // a re-spawn after its delay, count + 1
  record_done,       // a oneshot's success
  record_end,        // ended by itself
  record_failure,    // ended by itself, badly
  record_unspawned,  // what comes after pre_exec could not be spawned
  become_ready,
  begin_stop,       // cause is set
  give_up_again,    // the stop is no longer part of a re-spawn
  signal_stop,      // stop signal to the group, and a deadline
  kill,             // SIGKILL to the group, and a deadline
  finish_stop,      // record how it ended
  fail_stopped,     // reason: why it was stopped
  fail_dependency,  // reason: the dependency
  fail_unkillable,  // reason: stop_timeout
  rest,             // a result is cleared
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

struct Row {
  State from;
  Predicate when;
  State to;
  Act act;
  StopCause cause;             // with begin_stop
  std::string_view condition;  // the predicate's name, for debug-state and the generated diagram
};

/// The table, for tests and for the state diagram.
[[nodiscard]] std::span<const Row> decision_rows();

struct Step {
  const Row* row = nullptr;     // null: wait
  TimePoint deadline = kNever;  // when waiting: look again then at the latest

  [[nodiscard]] bool waits() const noexcept { return row == nullptr; }
};

[[nodiscard]] Step decide(const Situation& situation);

/// Which of its commands a service launches.
struct LaunchedCommand {
  enum class Kind : std::uint8_t { main, pre, post };
  Kind kind = Kind::main;
  std::uint32_t index = 0;  // among those of pre_exec or post_exec
};

/// Notes that the launch which `row` asks for has begun: the process is launching, until apply()
/// is told of the outcome. Says what is to be launched. Not for a target, which launches nothing.
LaunchedCommand begin_launch(World& world, Slot slot, const Row& row, TimePoint now);

/// How a launch ended.
struct LaunchOutcome {
  enum class Kind : std::uint8_t {
    started,    // there is a process (a target: nothing was needed)
    failed,     // for good: `reason`
    exhausted,  // for want of processes, memory or descriptors: again after the restart delay
    unmet,      // a condition does not hold: `reason`; of the first command alone
  };
  Kind kind = Kind::started;
  Reason reason;
};

/// Writes to the record what taking `row` means, the new state too. `outcome` is that of a launch.
/// The caller has carried out what is to be done outside (signals, the spawn) and
/// tells the neighbours. Returns the state entered, which for a launch depends on its outcome.
State apply(World& world, Slot slot, const Row& row, TimePoint now,
            const LaunchOutcome& outcome = {});

/// Cuts what is left of every stop timeout, and each later one, to `limit` (a shutdown in a hurry).
/// Returns the slots whose deadlines it changed.
std::vector<Slot> limit_stops(World& world, Milliseconds limit, TimePoint now);

// Events from outside that change a record.

/// The process has ended; `group_left` says whether others of its group live on.
void process_ended(World& world, Slot slot, const ProcessEnd& end, bool group_left);
/// The last process of the group is gone.
void group_gone(World& world, Slot slot);

// Of the checks of the main process, the one that is there now; the caller sees to that. Each is
// true where the record was changed.

/// Whether there is a main process that checks are about.
[[nodiscard]] bool checked_now(const Record& record);
/// It has said that it is ready, or a probe of it has succeeded: then it is well again, too.
bool check_passed(World& world, Slot slot, CheckKind which);
/// A probe has failed, `attempts` of them in a row: told, and no more than that.
bool probe_failed(World& world, Slot slot, int attempts, std::string_view error);
/// As many as the service allows have: it is to be stopped. One that is not running yet has its
/// start timeout instead.
bool health_failed(World& world, Slot slot);
/// No sign of life for longer than watchdog_ms.
bool watchdog_expired(World& world, Slot slot);
/// The process asks for `by` from now on, to start in or, where it was told to stop, to stop in. It
/// never gets less time by asking, and in a stop no more than a shutdown in a hurry leaves.
bool extend_deadline(World& world, Slot slot, Milliseconds by, TimePoint now);

/// What a process can have by asking once. One that is stuck does not ask again.
inline constexpr Milliseconds kLongestExtension{24 * 60 * 60 * 1000};

}  // namespace zinit
