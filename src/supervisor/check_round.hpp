// A request that stops services for a restart first runs check_exec of those that it would stop,
// and stops nothing unless all of them end well. That is a round.
//
// The commands run beside the main processes (side_commands.hpp), kMostAtOnce of all rounds at a
// time, and of one service one after the other: who has mended a file and asks again does not get
// the answer about the file of before. What the request does is done by the board when the last
// command has ended, whether its client is still there or not.
//
// A command whose service goes down meanwhile is killed with it, and says nothing: there is nothing
// left that the request could stop. If the service is back by then, it is run once more. A shutdown
// ends all rounds. So does a re-execution; zinitctl then asks the next image for a restart again.
//
// Threads: the board's lock guards all of it, but what a command has printed.
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
#include "supervisor/board.hpp"

namespace zinit {

struct CheckRound {
  /// check_exec of one service.
  struct One {
    enum class Stage : std::uint8_t { waits, runs, over };

    Slot slot;
    SpecPtr spec;  // whose check_exec it is: that in force, or the one that is to be
    Stage stage = Stage::waits;
    TimePoint until = kNever;      // it waits for a process of its service no longer
    bool of_main = false;          // what it would be killed with is the main process
    int cut_off = 0;               // how often it was killed with a main process
    std::string fault{};           // how it has failed; empty: it has not
    OutputTailPtr tail = nullptr;  // what it has printed; null: it was not run
  };

  static constexpr std::size_t kMostAtOnce = 8;
  /// Rounds at a time: clients can ask without waiting for answers.
  static constexpr std::size_t kMost = 1000;

  /// Which specs of `world` the request would have to check now; null: those that were added to
  /// `all` before the round began. With the lock.
  std::function<std::vector<One>(const World& world)> wanted;
  /// What is done when all have passed. With the lock.
  std::function<void()> then;

  bool of_files = false;  // a task of the file queue waits for it
  std::vector<One> all{};
  bool over = false;                         // all have ended, or the round was given up
  std::optional<RequestFailure> given_up{};  // why no command of it says anything

  [[nodiscard]] bool failed() const noexcept;
  /// It is over: lets go of those whom its functions hold, who may hold it.
  void end() noexcept {
    over = true;
    wanted = nullptr;
    then = nullptr;
  }
};

using CheckRoundPtr = std::shared_ptr<CheckRound>;

/// The check that a service's side command `check` is.
struct ServiceCheck {
  CheckRoundPtr round;
  std::size_t index = 0;

  [[nodiscard]] CheckRound::One& one() const { return round->all[index]; }
};

/// A restart that may wait for a round; see Board::begin_restart().
struct RestartState {
  CheckRoundPtr round;
  RequestResult<Board::Others> result{};  // once the round is over, if it has not failed
};

/// The commands of a round that have failed, as copies that need no lock.
[[nodiscard]] std::vector<CheckRound::One> failed_ones(const CheckRound& round);

/// The refusal of a request for which these commands have failed, with what they have printed. That
/// must have been taken in (OutputPort::take_in()). Without the lock.
[[nodiscard]] RequestFailure check_failure(const std::vector<CheckRound::One>& failed,
                                           std::string_view consequence);
/// The same as faults of the file that has the command.
[[nodiscard]] std::vector<std::string> check_faults(const CheckRound::One& one);

/// Those of `slots` that have a check_exec in `graph`.
[[nodiscard]] std::vector<CheckRound::One> checks_in(const Graph& graph, const Slots& slots);

}  // namespace zinit
