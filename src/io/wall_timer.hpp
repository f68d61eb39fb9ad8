// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calls back at a time of the wall clock, and when somebody sets this clock. The loop's timers
// cannot do this: a TimerWatcher counts a delay, which ends at another wall time once the clock was
// set, and libev's timers of the wall clock do not report that the clock was set back.
//
// Everything here is called on the loop's thread, or while no thread runs the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/fd.hpp"
#include "io/watcher.hpp"

namespace zinit {

class WallTimer {
 public:
  /// `clock_set`: the clock was set, and the time may not have come. Called once. Call set() again.
  using Callback = std::function<void(bool clock_set)>;

  /// Takes no descriptor yet. The loop outlives the timer.
  WallTimer(EventLoop& loop, Callback callback) : loop_(loop), callback_(std::move(callback)) {}

  /// Calls back when the wall clock shows `at_us` microseconds since 1970; if this time is past, at
  /// once. Replaces an earlier setting. Errors: those of timerfd_create(2) and timerfd_settime(2).
  [[nodiscard]] Result<void> set(std::int64_t at_us);
  void stop() noexcept;

 private:
  void on_readable();

  EventLoop& loop_;
  const Callback callback_;
  UniqueFd fd_;
  std::unique_ptr<IoWatcher> watcher_;  // stopped before fd_ is closed
};

}  // namespace zinit
