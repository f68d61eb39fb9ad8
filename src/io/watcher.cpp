// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Watchers as objects around libev's, whose `data` points back to them. See watcher.hpp.
#include "io/watcher.hpp"

#include <algorithm>

namespace zinit {

namespace {

/// libev counts time in seconds.
ev_tstamp seconds(Milliseconds time) noexcept { return static_cast<double>(time.count()) / 1000; }

/// Calls `callback`. The callback may destroy the watcher that owns it, so it runs from a local
/// variable. The watcher's destructor sets *gone.
template <class Callback, class... Args>
void call_out(std::string_view what, Callback& callback, bool*& gone, Args... args) noexcept {
  bool destroyed = false;
  gone = &destroyed;
  Callback running = std::move(callback);
  catch_all(what, [&] { running(args...); });
  if (destroyed) return;
  callback = std::move(running);
  gone = nullptr;
}

}  // namespace

IoWatcher::IoWatcher(EventLoop& loop, int fd, int events, Callback callback)
    : loop_(loop.ev()), callback_(std::move(callback)) {
  ev_io_init(&watcher_, called, fd, events);
  watcher_.data = this;
  ev_init(&again_, asked_again);
  again_.data = this;
}

IoWatcher::~IoWatcher() {
  stop();
  if (gone_ != nullptr) *gone_ = true;
}

void IoWatcher::called(struct ev_loop* loop, ev_io* watcher, int events) noexcept {
  auto& self = *static_cast<IoWatcher*>(watcher->data);
  // libev has stopped the watcher. It is started again later, unless the callback stops it.
  if ((events & EV_ERROR) != 0) {
    ev_timer_set(&self.again_, seconds(kWatchAgain), 0.);
    ev_timer_start(loop, &self.again_);
  }
  call_out("descriptor", self.callback_, self.gone_, events);
}

void IoWatcher::asked_again(struct ev_loop* loop, ev_timer* timer, int) noexcept {
  ev_io_start(loop, &static_cast<IoWatcher*>(timer->data)->watcher_);
}

void IoWatcher::start() noexcept {
  if (!ev_is_active(&again_)) ev_io_start(loop_, &watcher_);
}

void IoWatcher::stop() noexcept {
  ev_timer_stop(loop_, &again_);
  ev_io_stop(loop_, &watcher_);
}

TimerWatcher::TimerWatcher(EventLoop& loop, Callback callback)
    : loop_(loop.ev()), callback_(std::move(callback)) {
  ev_init(&watcher_, called);
  watcher_.data = this;
}

TimerWatcher::~TimerWatcher() {
  stop();
  if (gone_ != nullptr) *gone_ = true;
}

void TimerWatcher::called(struct ev_loop*, ev_timer* watcher, int) noexcept {
  auto& self = *static_cast<TimerWatcher*>(watcher->data);
  call_out("timer", self.callback_, self.gone_);
}

void TimerWatcher::set(Milliseconds delay) noexcept {
  ev_timer_stop(loop_, &watcher_);
  // Counts from now, not from when the loop last woke.
  ev_now_update(loop_);
  due_ = after(Clock::now(), delay);
  ev_timer_set(&watcher_, seconds(delay), 0.);
  ev_timer_start(loop_, &watcher_);
}

void TimerWatcher::set_within(Milliseconds delay) noexcept {
  if (!active() || after(Clock::now(), delay) < due_) set(delay);
}

void TimerWatcher::set_at(TimePoint due) noexcept {
  if (due == kNever) return stop();
  // Rounded up, so that it does not fire a moment too early.
  set(std::max(std::chrono::ceil<Milliseconds>(due - Clock::now()), Milliseconds{0}));
}

void TimerWatcher::stop() noexcept { ev_timer_stop(loop_, &watcher_); }

IdleWatcher::IdleWatcher(EventLoop& loop, Callback callback)
    : loop_(loop.ev()), callback_(std::move(callback)) {
  ev_idle_init(&watcher_, called);
  watcher_.data = this;
}

IdleWatcher::~IdleWatcher() {
  ev_idle_stop(loop_, &watcher_);
  if (gone_ != nullptr) *gone_ = true;
}

void IdleWatcher::start() noexcept { ev_idle_start(loop_, &watcher_); }

void IdleWatcher::called(struct ev_loop* loop, ev_idle* watcher, int) noexcept {
  auto& self = *static_cast<IdleWatcher*>(watcher->data);
  ev_idle_stop(loop, watcher);
  call_out("idle", self.callback_, self.gone_);
}

}  // namespace zinit
