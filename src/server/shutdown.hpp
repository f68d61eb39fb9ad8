// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The stopping phase of a shutdown: from the first request until every service is down or the time
// is over (behaviour.md, "PID 1 in system mode", "At the end"). last_steps.hpp follows.
//
// Call everything here on the control loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/log.hpp"
#include "io/watcher.hpp"
#include "os/power.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Shutdown {
 public:
  /// `begun` is called when a shutdown begins, before the board knows: stand() returns the shutdown
  /// from then on. It is called again each time that stand() changes. `through` is called once, at
  /// the end of the stopping phase. Loop and board outlive this.
  Shutdown(EventLoop& loop, Board& board, std::function<void()> begun,
           std::function<void()> through);

  [[nodiscard]] bool begun() const noexcept { return begun_; }
  [[nodiscard]] PowerAction kind() const noexcept { return kind_; }

  /// from_last_signal gives a service that stops late as much time as the first.
  enum class Count : std::uint8_t { from_last_signal, from_beginning };

  /// Only the first call has an effect. `why` is for the log. Services have `limit` to end, counted
  /// from the last stop signal that one of them got or from now. Then they are killed.
  void begin(PowerAction kind, std::string_view why, Milliseconds limit,
             Count count = Count::from_last_signal);

  /// The facts that the next process image needs to continue the shutdown.
  struct Stand {
    PowerAction kind = PowerAction::shut_down;
    TimePoint until;          // then every stop timeout is cut
    Milliseconds hurried{0};  // to this value

    bool operator==(const Stand&) const = default;
  };
  /// Nothing if no shutdown has begun.
  [[nodiscard]] std::optional<Stand> stand() const;
  /// Continues the shutdown of the previous process image; `limit` and `count` as for begin(). Call
  /// look() when the loop runs.
  void go_on(const Stand& stand, Milliseconds limit, Count count);

  /// Handles a second request: the remaining services have 1 s.
  void hurry(std::string_view why);

  /// Ends the shutdown after its switch-root, as if it had never begun.
  void forget() noexcept { begun_ = finished_ = false; }  // finish() has stopped the timers

  /// Call it when the board has changed.
  void look();

 private:
  void on_timer();
  void count_from_last_signal();
  /// Logs the services that the shutdown waits for, and again later.
  void remind();
  template <class Text>
  void tell(LogLevel level, Text text) noexcept;
  void finish();

  Board& board_;
  std::function<void()> on_begun_;
  std::function<void()> through_;
  TimerWatcher timer_;
  TimerWatcher reminder_;
  PowerAction kind_ = PowerAction::shut_down;
  bool begun_ = false;
  Milliseconds limit_{0};
  Count count_ = Count::from_last_signal;
  TimePoint until_{};
  Milliseconds hurried_{0};  // the last part of the time, with every stop timeout cut to it
  enum class Time : std::uint8_t { left, nearly_over, over } time_ = Time::left;
  bool finished_ = false;
};

}  // namespace zinit
