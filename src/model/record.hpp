// All that zinit remembers of one service: its state, its wish and requests, and its process. Plain
// data; model/world.hpp has one record for each service. It is changed by apply() and the events of
// decide.hpp, by the requests of request.hpp, and in a few places by the supervisor.
#pragma once

#include <cstdint>
#include <string>

#include "base/or_default.hpp"
#include "base/time.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"

namespace zinit {

/// Whether the service is wanted down or up.
enum class Wish : std::uint8_t { down, up };

/// A start that has been requested and not been tried yet.
enum class Try : std::uint8_t {
  none,
  pulled,  // another service that was started needs it, or it was part of a boot or a start-all
  asked,   // `start` named it: it is tried once more, whatever its policy says
};

enum class Process : std::uint8_t {
  none,
  launching,  // being spawned, or its runtime directories removed, outside the board's lock
  alive,
  lingering,  // the process has ended, but others in its process group have not
  ended,      // the process and its group have ended
  held,       // a oneshot has ended with success, and holds what it has left behind or set up
};

/// Which command of the service its process is. They run one after the other: those of pre_exec,
/// the main process, and, when that and its group have ended, those of post_exec.
struct CurrentCommand {
  CommandKind before_post = CommandKind::main;  // the last one that was not of post_exec
  bool passed = false;  // that one was of pre_exec and has ended well: the next one must be spawned
  bool post = false;    // post_exec has begun
  std::uint32_t index = 0;  // how many commands of pre_exec, or of post_exec, are over

  [[nodiscard]] CommandKind kind() const { return post ? CommandKind::post_exec : before_post; }
  [[nodiscard]] bool is_main() const { return kind() == CommandKind::main; }
  bool operator==(const CurrentCommand&) const = default;
};

enum class StopCause : std::uint8_t {
  none,
  down,        // the wish is down
  owed,        // a restart was requested, or its config has changed
  dependency,  // something that it requires is lost
  late,        // it was not ready within its start timeout
  unhealthy,   // its health checks have failed
  watchdog,    // it gave no sign of life
  asked,       // of a oneshot that holds something: it is to be run once more
  unneeded,    // nothing that is up requires or wants it any more
  ready_exec,  // a command of its ready_exec has failed
};

/// The last signal that a stop has sent: none, the stop signal, or SIGKILL.
enum class StopStage : std::uint8_t { none, signalled, killed };

enum class Health : std::uint8_t {
  good,
  failed,    // as many probes in a row have failed as [health] allows
  watchdog,  // no sign of life for watchdog_ms
};

struct Record {
  State state = State::inactive;
  Wish wish = Wish::down;
  Try try_ = Try::none;
  bool stop_owed = false;
  Process process = Process::none;
  CurrentCommand command;  // the command that `process` belongs to
  StopCause cause = StopCause::none;
  StopStage stage = StopStage::none;
  bool again = false;      // the stop under way is part of a re-spawn
  bool respawn = false;    // a re-spawn is delayed or under way; dependents keep running
  bool done = false;       // a oneshot that ended by itself with success
  bool by_itself = false;  // its process ended without being stopped
  // While its wish is up: a start has named it; something that was started has needed it. They say
  // whether it is stopped when nothing needs it any more.
  bool named = false;
  bool needed = false;
  bool unneeded = false;  // its last stop was for `stop_when_unneeded`
  bool skipped = false;   // at the last try a condition for its start did not hold
  bool notified = false;  // this process has said that it is ready
  bool healthy = false;   // a probe of this process has succeeded
  // The commands of ready_exec run beside the main process, one after the other.
  bool ready_runs = false;        // the last one that has begun has not ended
  std::uint32_t ready_begun = 0;  // how many have begun since the process was spawned
  bool failure_handled = false;   // what follows on its final failure has been done
  Health health = Health::good;
  int health_attempts = 0;              // probes that have failed in a row
  OrDefault<std::string> health_error;  // of the last failed probe

  ProcessEnd end;        // of the last main process, or of a command of pre_exec that failed
  bool has_end = false;  // `end` is set
  Reason reason;         // why it failed, was skipped, or could not be spawned

  TimePoint since{};            // when it entered its state
  TimePoint delay_until{};      // until a re-spawn, or a retry for lack of resources; epoch: none
  TimePoint deadline = kNever;  // of the start, of the stage of a stop, or of post_exec
  TimePoint ready_from{};       // when its process may be ready at the earliest
  TimePoint ready_at{};         // when it entered `running`

  std::uint32_t count = 0;  // re-spawns in a row
  // Of two services that conflict, the one with the smaller rank starts. It is the load order, or a
  // negative number from an explicit `start`, where later ones are smaller.
  std::int64_t rank = 0;
  // When it last became ready and when it last failed, as values of World::serial.
  std::uint64_t ready_serial = 0;
  std::uint64_t failed_serial = 0;
};

}  // namespace zinit
