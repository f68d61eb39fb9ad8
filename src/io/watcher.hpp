// Watchers of a loop as objects. Their destructors stop them, and exceptions of their callbacks are
// logged and swallowed.
//
// Everything here is called on the loop's thread, or while no thread runs the loop.
#pragma once

#include <ev.h>

#include <functional>

#include "base/time.hpp"
#include "io/loop.hpp"

namespace zinit {

/// Calls back while a descriptor is ready. The descriptor must stay open until the watcher is
/// stopped, or an assertion of libev ends zinit. Even after that only the loop's thread may close
/// it, since libev may still make system calls on a descriptor that it has watched.
class IoWatcher {
 public:
  /// `events`: EV_READ, EV_WRITE or both. EV_ERROR among them means that the kernel has refused to
  /// watch the descriptor (epoll_ctl(2): ENOMEM, ENOSPC). The watcher then tries again every
  /// kWatchAgain until it is stopped, and calls back with EV_ERROR at each refusal. The callback
  /// may destroy the watcher.
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
  ev_timer again_{};  // active after the kernel has refused
  Callback callback_;
  bool* gone_ = nullptr;  // during a callback: set by the destructor
};

/// Calls back once after a delay. May be set again, also from its own callback.
class TimerWatcher {
 public:
  using Callback = std::function<void()>;

  TimerWatcher(EventLoop& loop, Callback callback);
  ~TimerWatcher();
  TimerWatcher(const TimerWatcher&) = delete;
  TimerWatcher& operator=(const TimerWatcher&) = delete;

  /// Calls back `delay` from now; replaces an earlier setting.
  void set(Milliseconds delay) noexcept;
  void stop() noexcept;
  /// For use in the callback: how long ago the timer was due.
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
  bool* gone_ = nullptr;  // during a callback: set by the destructor
};

/// Calls back once when the loop has nothing else to do: it has looked at everything that it
/// watches after start(), and nothing was ready and no timer due. So what was ready before start()
/// has been handled by then. Under a load without end it is never called. The loop does not sleep
/// until then.
class IdleWatcher {
 public:
  using Callback = std::function<void()>;

  IdleWatcher(EventLoop& loop, Callback callback);
  ~IdleWatcher();
  IdleWatcher(const IdleWatcher&) = delete;
  IdleWatcher& operator=(const IdleWatcher&) = delete;

  /// Does nothing if it was started and has not called back yet. From its own callback, it begins
  /// anew.
  void start() noexcept;

 private:
  static void called(struct ev_loop* loop, ev_idle* watcher, int events) noexcept;

  struct ev_loop* loop_;
  ev_idle watcher_{};
  Callback callback_;
  bool* gone_ = nullptr;  // during a callback: set by the destructor
};

}  // namespace zinit
