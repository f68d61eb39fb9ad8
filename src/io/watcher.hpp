// Watchers of a loop as objects: they stop themselves when destroyed, and what their callbacks
// throw is logged and goes no further.
//
// Threads: everything here on the loop's thread, or while no thread runs the loop.
#pragma once

#include <ev.h>

#include <functional>

#include "base/time.hpp"
#include "io/loop.hpp"

namespace zinit {

/// Calls back while a descriptor is ready. The descriptor must stay open until the watcher is
/// stopped: libev asserts it, and an assertion that fails ends zinit. After that only the loop's
/// thread may close it, for libev may still ask the kernel about a descriptor that it has watched.
class IoWatcher {
 public:
  /// `events`: EV_READ, EV_WRITE or both. May destroy the watcher. With EV_ERROR among them the
  /// kernel has refused to watch the descriptor (epoll_ctl(2): ENOMEM, ENOSPC); it is asked again
  /// every kWatchAgain until the watcher is stopped, with a call each time that it refuses.
  using Callback = std::function<void(int events)>;

  /// Not started yet. The loop outlives the watcher.
  IoWatcher(EventLoop& loop, int fd, int events, Callback callback);
  ~IoWatcher();
  IoWatcher(const IoWatcher&) = delete;
  IoWatcher& operator=(const IoWatcher&) = delete;

  void start() noexcept;
  void stop() noexcept;

  static constexpr Milliseconds kWatchAgain{100};

 private:
  static void called(struct ev_loop* loop, ev_io* watcher, int events) noexcept;
  static void asked_again(struct ev_loop* loop, ev_timer* timer, int events) noexcept;

  struct ev_loop* loop_;
  ev_io watcher_{};
  ev_timer again_{};  // active while the kernel has refused it
  Callback callback_;
  bool* gone_ = nullptr;  // while it calls back: where the destructor says that it has run
};

/// Calls back once after a delay; may be set again, also from its own callback.
class TimerWatcher {
 public:
  using Callback = std::function<void()>;

  TimerWatcher(EventLoop& loop, Callback callback);
  ~TimerWatcher();
  TimerWatcher(const TimerWatcher&) = delete;
  TimerWatcher& operator=(const TimerWatcher&) = delete;

  /// Calls back `delay` from now, in place of what was set before.
  void set(Milliseconds delay) noexcept;
  void stop() noexcept;
  /// In its callback: for how long it has been due.
  [[nodiscard]] Milliseconds late_by() const noexcept {
    return Milliseconds(ms_between(due_, Clock::now()));
  }
  [[nodiscard]] bool active() const noexcept { return ev_is_active(&watcher_); }

 private:
  static void called(struct ev_loop* loop, ev_timer* watcher, int events) noexcept;

  struct ev_loop* loop_;
  ev_timer watcher_{};
  TimePoint due_{};
  Callback callback_;
  bool* gone_ = nullptr;  // while it calls back: where the destructor says that it has run
};

}  // namespace zinit
