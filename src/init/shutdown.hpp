// The stopping phase of a shutdown: from the first request until every service is down, or has had
// its time (behaviour.md, "PID 1 in system mode", "At the end"). What comes after it is
// last_steps.hpp.
//
// Threads: everything here on the control loop's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/log.hpp"
#include "io/watcher.hpp"
#include "supervisor/board.hpp"

namespace zinit {

enum class ShutdownKind : std::uint8_t {
  power_off,
  reboot,
  halt,
  exit,  // containers and standalone servers
};

[[nodiscard]] std::string_view shutdown_word(ShutdownKind kind) noexcept;

class Shutdown {
 public:
  /// `through` is called once, when the stopping phase is over. Loop and board must outlive this.
  Shutdown(EventLoop& loop, Board& board, std::function<void()> through);

  [[nodiscard]] bool begun() const noexcept { return begun_; }
  [[nodiscard]] ShutdownKind kind() const noexcept { return kind_; }

  /// The first call counts: its kind stands. `why` is for the log. Services have `limit` to end,
  /// and are killed then.
  void begin(ShutdownKind kind, std::string_view why, Milliseconds limit);

  /// A second request: what is left has 1 s.
  void hurry(std::string_view why);

  /// To be called when the board has changed.
  void look();

 private:
  void on_timer();
  template <class Text>
  void tell(LogLevel level, Text text) noexcept;
  void finish();

  Board& board_;
  std::function<void()> through_;
  TimerWatcher timer_;
  ShutdownKind kind_ = ShutdownKind::exit;
  bool begun_ = false;
  Milliseconds hurried_{0};  // what is left at last of every stop timeout
  enum class Time : std::uint8_t { left, nearly_over, over } time_ = Time::left;
  bool finished_ = false;
};

}  // namespace zinit
