// A shutdown that was asked for at a time of the wall clock: `shutdown 23:30`, `shutdown +10`.
#pragma once

#include <ev.h>

#include <cstdint>
#include <optional>
#include <string>

#include "control/daemon.hpp"
#include "io/loop.hpp"

namespace zinit {

/// At most one; a new one takes the place of the old. Follows the clock when that is set. On the
/// control loop's thread.
class PowerSchedule {
 public:
  struct Entry {
    PowerAction action;
    std::int64_t at_us;  // since 1970
    std::string message;
  };

  /// All of them outlive this.
  PowerSchedule(EventLoop& loop, const Board& board, Daemon& daemon);
  ~PowerSchedule() { cancel(); }
  PowerSchedule(const PowerSchedule&) = delete;
  PowerSchedule& operator=(const PowerSchedule&) = delete;

  /// Has the daemon do it then; a time that has passed is now, from the loop's next round on.
  void set(Entry entry);

  /// @return  whether there was one.
  bool cancel() noexcept;

  [[nodiscard]] const std::optional<Entry>& entry() const noexcept { return entry_; }

 private:
  static void on_time(struct ev_loop* loop, ev_periodic* watcher, int events) noexcept;

  struct ev_loop* loop_;
  const Board& board_;
  Daemon& daemon_;
  ev_periodic watcher_{};
  std::optional<Entry> entry_;
};

/// "power off", "reboot": an action in words, for messages.
[[nodiscard]] std::string_view power_action_text(PowerAction action) noexcept;

}  // namespace zinit
