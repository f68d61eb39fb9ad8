// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Watchers of a loop as objects. Their destructors stop them. Exceptions of their callbacks are
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
/// stopped; otherwise an assertion of libev ends zinit. Even then only the loop's thread may close
/// it, because libev may still make system calls on a descriptor that it has watched.
class IoWatcher {
 public:
  /// `events`: EV_READ, EV_WRITE or both. EV_ERROR among them: the kernel refused to watch the
  /// descriptor (epoll_ctl(2): ENOMEM, ENOSPC). The watcher then tries again every kWatchAgain
  /// until it is stopped, and calls back with EV_ERROR at each refusal. The callback may destroy
  /// the watcher.
  using Callback = std::function<void(int events)>;

  /// Not started yet. The loop outlives the watcher.
  IoWatcher(EventLoop& loop, int fd, int events, Callback callback);
  ~IoWatcher();
  IoWatcher& operator=(IoWatcher&&) = delete;

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
  TimerWatcher& operator=(TimerWatcher&&) = delete;

  /// Calls back after `delay` from now. Replaces an earlier setting.
  void set(Milliseconds delay) noexcept;
  /// Calls back after `delay` at the latest: an earlier setting stays.
  void set_within(Milliseconds delay) noexcept;
  /// Calls back at `due` or at most a millisecond later, at once if it has passed; kNever: stops.
  void set_at(TimePoint due) noexcept;
  void stop() noexcept;
  /// For use in the callback: how late the timer was.
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

/// Calls back once when the loop has nothing else to do: after start() it has checked everything
/// that it watches, nothing was ready, and no timer was due. So everything that was ready before
/// start() has been handled. Under endless load it is never called. Until the call, the loop does
/// not sleep.
class IdleWatcher {
 public:
  using Callback = std::function<void()>;

  IdleWatcher(EventLoop& loop, Callback callback);
  ~IdleWatcher();
  IdleWatcher& operator=(IdleWatcher&&) = delete;

  /// Does nothing if it is started and has not called back yet. In its own callback: starts it
  /// again.
  void start() noexcept;

 private:
  static void called(struct ev_loop* loop, ev_idle* watcher, int events) noexcept;

  struct ev_loop* loop_;
  ev_idle watcher_{};
  Callback callback_;
  bool* gone_ = nullptr;  // during a callback: set by the destructor
};

}  // namespace zinit
