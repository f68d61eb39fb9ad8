// The stopping phase of a shutdown: from the first request until every service is down or the time
// is over (behaviour.md, "PID 1 in system mode", "At the end"). Then comes last_steps.hpp.
//
// Everything here is called on the control loop's thread.
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
  /// `begun` is called when one has begun, before the board knows it: stand() tells of it from then
  /// on; and again each time that stand() has changed. `through` is called once, when the stopping
  /// phase is over. Loop and board outlive this.
  Shutdown(EventLoop& loop, Board& board, std::function<void()> begun,
           std::function<void()> through);

  [[nodiscard]] bool begun() const noexcept { return begun_; }
  [[nodiscard]] PowerAction kind() const noexcept { return kind_; }

  /// Whether a service whose turn comes late has as much time as the first.
  enum class Count : std::uint8_t { from_last_signal, from_beginning };

  /// Only the first call has an effect. `why` is for the log. Services have `limit` to end, counted
  /// from the last stop signal that was sent to one of them or from now, and then are killed.
  void begin(PowerAction kind, std::string_view why, Milliseconds limit,
             Count count = Count::from_last_signal);

  /// What the next image must know to go on with it.
  struct Stand {
    PowerAction kind = PowerAction::shut_down;
    TimePoint until;          // when every stop timeout is cut
    Milliseconds hurried{0};  // to this

    bool operator==(const Stand&) const = default;
  };
  /// Nothing if no shutdown has begun.
  [[nodiscard]] std::optional<Stand> stand() const;
  /// Goes on with the shutdown of the previous process image; `limit` and `count` are as for
  /// begin(). look() is to be called when the loop runs.
  void go_on(const Stand& stand, Milliseconds limit, Count count);

  /// A second request: services that are left have 1 s.
  void hurry(std::string_view why);

  /// It has led to a switch-root, and none has begun any more.
  void forget() noexcept { begun_ = finished_ = false; }  // finish() has stopped the timers

  /// To be called when the board has changed.
  void look();

 private:
  void on_timer();
  void count_from_last_signal();
  /// Says whom it waits for, and again later.
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
  Milliseconds hurried_{0};  // every stop timeout is cut to this shortly before the time is over
  enum class Time : std::uint8_t { left, nearly_over, over } time_ = Time::left;
  bool finished_ = false;
};

}  // namespace zinit
