// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A shutdown scheduled for a time of the wall clock: `shutdown 23:30`, `shutdown +10`.
#pragma once

#include <ev.h>

#include <cstdint>
#include <optional>
#include <string>

#include "control/daemon.hpp"
#include "io/loop.hpp"

namespace zinit {

/// Holds at most one shutdown; a new one replaces the old. Follows the wall clock when someone sets
/// it. On the control loop's thread.
class PowerSchedule {
 public:
  /// All arguments outlive this.
  PowerSchedule(EventLoop& loop, const Board& board, Daemon& daemon);
  ~PowerSchedule() { stop(); }
  PowerSchedule& operator=(PowerSchedule&&) = delete;

  /// Has the daemon begin the action at its time; if the time has passed, in the loop's next round.
  void set(ScheduledPower entry);

  /// The scheduled shutdown, if there is one.
  [[nodiscard]] const std::optional<ScheduledPower>& entry() const noexcept { return entry_; }

  /// @return  whether a shutdown was scheduled.
  bool cancel() noexcept;

 private:
  void stop() noexcept;
  static void on_time(struct ev_loop* loop, ev_periodic* watcher, int events) noexcept;

  struct ev_loop* loop_;
  const Board& board_;
  Daemon& daemon_;
  ev_periodic watcher_{};
  std::optional<ScheduledPower> entry_;
};

}  // namespace zinit
