// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A round of checks. A request that stops services for a restart first runs their check_exec, and
// stops nothing unless every command succeeds. These commands together are a round.
//
// The commands run beside the main processes (side_commands.hpp), at most kMostAtOnce of all rounds
// at a time, and only one per service: a client that corrects a file and asks again must not get
// the result for the old file. After the last command the board carries out the request, even if
// its client has gone.
//
// A command whose service goes down meanwhile is killed with it and has no result: the request has
// nothing left to stop. If the service is back by then, the command runs again. A shutdown ends all
// rounds. So does a re-execution; zinitctl then asks the next process image for the restart again.
//
// Threads: the board's lock guards everything except the output of a command.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/request.hpp"
#include "os/output_pipes.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

struct CheckRound {
  /// check_exec of one service.
  struct One {
    enum class Stage : std::uint8_t { waits, runs, over };

    Slot slot;
    SpecPtr spec;  // the config with this check_exec: in force, or about to be
    Stage stage = Stage::waits;
    TimePoint until = kNever;      // the latest time to wait for a process of its service
    bool of_main = false;          // it was begun while the main process ran
    int cut_off = 0;               // how often it was killed with a main process
    std::string fault{};           // how it failed; empty: it has not failed
    OutputTailPtr tail = nullptr;  // its output; null: it was not run

    [[nodiscard]] bool same_as(const One& other) const noexcept {
      return slot == other.slot && spec == other.spec;
    }
  };

  static constexpr std::size_t kMostAtOnce = 8;
  /// Rounds at a time: clients can ask without waiting for answers.
  static constexpr std::size_t kMost = 1000;

  /// The specs that the request must check now. null: `all` was filled before the round began. With
  /// the lock.
  std::function<std::vector<One>(const World& world)> wanted;
  /// Called once all have passed. With the lock.
  std::function<void()> then;

  bool of_files = false;  // a task of the file queue waits for it
  std::vector<One> all{};
  bool over = false;                         // all have ended, or the round was given up
  std::optional<RequestFailure> given_up{};  // why none of its commands has a result

  [[nodiscard]] bool failed() const noexcept;
  /// Ends the round and drops its functions, which may hold owners of this round.
  void end() noexcept {
    over = true;
    wanted = nullptr;
    then = nullptr;
  }
};

using CheckRoundPtr = std::shared_ptr<CheckRound>;

/// The check that a service's side command `check` runs.
struct ServiceCheck {
  CheckRoundPtr round;
  std::size_t index = 0;

  [[nodiscard]] CheckRound::One& one() const { return round->all[index]; }
};

/// Copies of the round's failed commands, which need no lock.
[[nodiscard]] std::vector<CheckRound::One> failed_ones(const CheckRound& round);

/// Refuses a request because these commands failed, and adds their output. Call
/// OutputPort::take_in() for each of them before. Without the lock.
[[nodiscard]] RequestFailure check_failure(const std::vector<CheckRound::One>& failed,
                                           std::string_view consequence);
/// The place of check_exec in the service's file, for messages: FILE:LINE:COLUMN.
[[nodiscard]] std::string check_place(const ServiceSpec& spec);
/// The same, as faults of the file with the command.
[[nodiscard]] std::vector<std::string> check_faults(const CheckRound::One& one);

/// Those of `slots` that have a check_exec in `graph`.
[[nodiscard]] std::vector<CheckRound::One> checks_in(const Graph& graph, const Slots& slots);

}  // namespace zinit
