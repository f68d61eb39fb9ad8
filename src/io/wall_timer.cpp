// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A timer of the wall clock by timerfd. See wall_timer.hpp.
#include "io/wall_timer.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace zinit {

namespace {

constexpr std::int64_t kSecond = 1000000;

}  // namespace

Result<void> WallTimer::set(std::int64_t at_us) {
  if (!fd_) {
    fd_ = UniqueFd(::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!fd_) return sys_failure("make", "a timer of the wall clock");
    watcher_ =
        std::make_unique<IoWatcher>(loop_, fd_.get(), EV_READ, [this](int) { on_readable(); });
  }
  // A time of 0 would stop the timer.
  const std::int64_t us = std::max<std::int64_t>(at_us, 1);
  itimerspec time{};
  time.it_value.tv_sec = us / kSecond;
  time.it_value.tv_nsec = us % kSecond * 1000;
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  const int errnum = ::timerfd_settime(fd_.get(), flags, &time, nullptr) < 0 ? errno : 0;
  if (errnum != 0 && errnum != ECANCELED)
    return sys_failure("set", "a timer of the wall clock", errnum);
  watcher_->start();
  // The timer is set all the same. ECANCELED: the wall clock was set since the last setting.
  if (errnum == ECANCELED) callback_(true);
  return {};
}

void WallTimer::stop() noexcept {
  if (!fd_) return;
  watcher_->stop();
  const itimerspec none{};
  (void)::timerfd_settime(fd_.get(), 0, &none, nullptr);  // cannot fail: all values are valid
}

void WallTimer::on_readable() {
  std::uint64_t expirations = 0;
  const ssize_t size = ::read(fd_.get(), &expirations, sizeof expirations);
  if (size < 0 && errno != ECANCELED) return;  // EAGAIN: the timer was set again meanwhile
  watcher_->stop();
  callback_(size < 0);
}

}  // namespace zinit
