// What a job knows about itself: the record beside the state. Plain
// data; model/world.hpp holds one for each service, and only decide.hpp's apply() and request.hpp's
// functions write to it, besides the events at its end.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"

namespace zinit {

enum class Wish : std::uint8_t { down, up };

/// A start that is to be tried.
enum class Try : std::uint8_t {
  none,
  pulled,  // brought along by another, by boot or by start-all
  asked,   // the one named by `start`: one more try, whatever the policy
};

enum class Process : std::uint8_t {
  none,
  launching,  // being spawned just now, outside the lock
  alive,      // the main process lives
  lingering,  // the main process has ended, its group has not
  ended,      // main process and group are gone; `end` says how
};

// A service's process is one of its commands after the other: those of pre_exec, the main process,
// and, when it and its group have ended, those of post_exec. `phase`, `post`, `step` and `passed`
// of the record say which, and `process` how it is with that one.

enum class StopCause : std::uint8_t {
  none,
  down,        // the wish is down
  owed,        // a restart or a changed config
  dependency,  // what it requires goes
  late,        // not ready within its start timeout
  unhealthy,   // health checks failed
  watchdog,    // no sign of life
};

enum class StopStage : std::uint8_t { none, signalled, killed };

enum class Health : std::uint8_t { good, failed, watchdog };

struct Record {
  State state = State::inactive;
  Wish wish = Wish::down;
  Try try_ = Try::none;
  bool stop_owed = false;
  Process process = Process::none;
  Phase phase = Phase::main;  // of the process, or the last one before post_exec
  bool post = false;          // post_exec has begun
  bool passed = false;        // a command of pre_exec has ended well: the next is to be spawned
  std::uint32_t step = 0;     // how many commands of pre_exec have passed, or of post_exec are over
  StopCause cause = StopCause::none;
  StopStage stage = StopStage::none;
  bool again = false;      // this stop is part of a re-spawn
  bool respawn = false;    // a re-spawn is delayed or under way: dependents stay
  bool done = false;       // a oneshot that ended by itself with success
  bool by_itself = false;  // ended outside `stopping`
  bool skipped = false;    // a condition did not hold at the last try
  bool notified = false;   // this process has said that it is ready
  bool healthy = false;    // a probe of this process has succeeded
  Health health = Health::good;
  int health_attempts = 0;   // probes that have failed in a row
  std::string health_error;  // of the last of these

  ProcessEnd end;        // of the process that ended last; not of post_exec, nor a good pre_exec's
  bool has_end = false;  // there was one
  Reason reason;         // of failed, or the condition of inactive

  TimePoint since{};            // of the state
  TimePoint delay_until{};      // of a re-spawn, or of a step for want of room; the epoch: none
  TimePoint deadline = kNever;  // of `starting` (ready by then), `stopping` (next stage), post_exec
  TimePoint ready_at{};         // entered running

  std::uint32_t count = 0;  // re-spawns in a row
  std::int64_t rank = 0;    // smaller comes first in a conflict: load order, or negative by `start`
  std::uint64_t ready_serial = 0;   // when it last became satisfied, on the world's own count
  std::uint64_t failed_serial = 0;  // when it last failed, likewise
};

}  // namespace zinit
