// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Everything that zinit remembers about one service: its state, its wish and requests, and its
// process. Plain data; model/world.hpp has one record for each service. It is changed by apply()
// and the events of decide.hpp, by the requests of request.hpp, and in a few places by the board.
#pragma once

#include <cstdint>
#include <string>

#include "base/or_default.hpp"
#include "base/time.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"

namespace zinit {

/// Whether the service should be down or up.
enum class Wish : std::uint8_t { down, up };

/// A start that was requested and not tried yet.
enum class Try : std::uint8_t {
  none,
  pulled,  // a started service needs it, or it was part of a boot or a start-all
  asked,   // `start` named it: it is tried once more, independent of its policy
};

enum class Process : std::uint8_t {
  none,
  launching,  // outside the board's lock: being spawned, or its runtime directories removed
  alive,
  lingering,  // the process has ended, but others in its process group have not
  ended,      // the process and its group have ended
  held,       // a oneshot ended with success, and holds what it left behind or set up
};

/// The command that the service's process runs. Commands run one after the other: pre_exec, the
/// main process, and, after its whole group has ended, post_exec.
struct CurrentCommand {
  CommandKind before_post = CommandKind::main;  // the last one before post_exec
  bool passed = false;      // it was a pre_exec and succeeded: the next one must be spawned
  bool post = false;        // post_exec has begun
  std::uint32_t index = 0;  // number of finished commands of pre_exec or post_exec

  [[nodiscard]] CommandKind kind() const { return post ? CommandKind::post_exec : before_post; }
  [[nodiscard]] bool is_main() const { return kind() == CommandKind::main; }
  bool operator==(const CurrentCommand&) const = default;
};

enum class StopCause : std::uint8_t {
  none,
  down,        // the wish is down
  owed,        // a restart was requested, or its config has changed
  dependency,  // a service that it requires is lost
  late,        // it was not ready within its start timeout
  unhealthy,   // its health checks have failed
  watchdog,    // it gave no sign of life
  asked,       // a oneshot that holds something must run once more
  unneeded,    // no service that is up requires or wants it any more
  ready_exec,  // a command of its ready_exec failed
};

/// The last signal that a stop has sent: none, the stop signal, or SIGKILL.
enum class StopStage : std::uint8_t { none, signalled, killed };

enum class Health : std::uint8_t {
  good,
  failed,    // the number of failed probes in a row reached the limit of [health]
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
  bool by_itself = false;  // its process ended without a stop
  // While its wish is up: a start has named it; a started service has needed it. Both decide
  // whether it is stopped when nothing needs it any more.
  bool named = false;
  bool needed = false;
  // It has failed, or stops and will fail, for good only because its max_restarts is reached.
  bool used_up = false;
  bool unneeded = false;  // its last stop was because of `stop_when_unneeded`
  bool skipped = false;   // a start condition did not hold at the last try
  bool notified = false;  // this process has reported that it is ready
  bool healthy = false;   // a probe of this process has succeeded
  bool unheard = false;   // a server that was killed has started it, so its output is lost
  // The commands of ready_exec run beside the main process, one after the other.
  bool ready_runs = false;        // the last one begun has not ended
  std::uint32_t ready_begun = 0;  // number begun since the process was spawned
  bool failure_handled = false;   // on_failure of its final failure has been handled
  Health health = Health::good;
  int health_attempts = 0;              // failed probes in a row
  OrDefault<std::string> health_error;  // from the last failed probe

  ProcessEnd end;                            // of the last main process, or of a failed pre_exec
  bool has_end = false;                      // `end` is set
  CommandKind end_step = CommandKind::main;  // whose end it is
  Reason reason;                             // why it failed, was skipped, or could not be spawned

  TimePoint since{};            // when it entered its state
  TimePoint delay_until{};      // until a re-spawn, or a new try after a shortage; epoch: none
  TimePoint deadline = kNever;  // of the start, of the stage of a stop, or of post_exec
  TimePoint ready_from{};       // the earliest time at which its process may be ready
  TimePoint ready_at{};         // when it entered `running`

  std::uint32_t count = 0;  // re-spawns in a row
  // Of two conflicting services, the one with the smaller rank starts. The rank is the load order,
  // or after an explicit `start` a negative number, where later ones are smaller.
  std::int64_t rank = 0;
  // The values of World::serial when it last became ready and when it last failed.
  std::uint64_t ready_serial = 0;
  std::uint64_t failed_serial = 0;
};

}  // namespace zinit
