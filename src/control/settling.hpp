// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The barrier of debug.settle: reports when zinit has done everything that was due.
//
// An event of a service shows in several places: its state, zinit's log, notifications, the
// service's log. Different threads write them independently, so a client that has seen one sign of
// an event cannot know that the others are there. One round passes through all of them:
//
// 1. The board is quiet (Board::quiet()), listeners know of its changes, and no service files are
//    being read.
// 2. The data loop has nothing to do, and has read the pipes of all services.
// 3. The control loop has nothing to do: signals, ends of processes and clients are handled.
// 4. Step 1 still holds, and the board has not changed since.
//
// If a step fails, the next round begins, until the limit of the last call. A round covers what
// came before the call and its consequences. It does not cover the future: restart delays, time
// limits, probes, and actions of processes. No loop waits: each step is an event of its loop.
//
// Threads: all of it runs on the control loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "control/changes.hpp"
#include "control/daemon.hpp"
#include "io/log_store.hpp"
#include "io/watcher.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Settling {
 public:
  struct Parts {
    EventLoop& loop;
    Board& board;
    LogStore& logs;
    Daemon& daemon;
    Changes& changes;
  };

  /// All parts must outlive this. `settled` is called when a result of settled() has become true.
  Settling(const Parts& parts, std::function<void()> settled);
  /// A round may still be under way in the data loop.
  ~Settling();
  Settling& operator=(Settling&&) = delete;

  /// Begins rounds until one succeeds that began after this call, or until `limit` has passed.
  /// @return  a ticket for settled()
  [[nodiscard]] std::uint64_t ask(TimePoint limit);
  /// Whether zinit has settled since the call of ask() that returned `ticket`.
  [[nodiscard]] bool settled(std::uint64_t ticket) const noexcept { return succeeded_ >= ticket; }

 private:
  void next_round();
  void end_round();
  [[nodiscard]] std::optional<std::uint64_t> quiet() const;

  /// Shared with the data loop, whose tasks may outlive the object.
  struct Passed {
    Mutex mutex;  // before only the loop's, which LoopCall::ask() takes
    LoopCall* call GUARDED_BY(mutex) = nullptr;  // null: the object is gone
  };

  const Parts parts_;
  const std::function<void()> settled_;
  // Rounds have numbers, from 1.
  std::uint64_t begun_ = 0;
  std::uint64_t succeeded_ = 0;  // the last successful round
  std::uint64_t wanted_ = 0;     // this round, or a later one, must succeed
  TimePoint limit_{};
  bool under_way_ = false;
  std::optional<std::uint64_t> quiet_before_;  // quiet() when the round began
  TimerWatcher again_;
  IdleWatcher idle_;
  LoopCall data_passed_;  // called when the data loop's part of the round is over
  const std::shared_ptr<Passed> passed_ = std::make_shared<Passed>();
};

}  // namespace zinit
