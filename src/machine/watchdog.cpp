// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Feeds the hardware watchdog, and watches zinit's own loops.
#include "machine/watchdog.hpp"

#include <fcntl.h>
#include <linux/watchdog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// A service may load the driver some time after boot.
constexpr Milliseconds kLookAtDeviceAgain{10000};

// How often a loop is asked within the limit.
constexpr int kAsksALimit = 4;
constexpr Milliseconds kShortestAsk{10};

}  // namespace

int feed_watchdog(int fd) noexcept {
  if (fd < 0) return 0;
  ssize_t fed;
  do fed = ::write(fd, "", 1);
  while (fed < 0 && errno == EINTR);
  return fed < 0 ? errno : 0;
}

MachineWatchdog::MachineWatchdog(EventLoop& loop)
    : timer_(loop, [this] { fd_ ? feed() : open(); }) {}

void MachineWatchdog::set(const std::string& device, Milliseconds timeout) {
  if (device == device_ && timeout == timeout_) return;
  timer_.stop();
  const bool inherited = fd_ && device_.empty();
  if (!inherited || device.empty()) disarm();
  device_ = device;
  timeout_ = timeout;
  told_ = false;
  if (fd_)
    begin();
  else if (!device_.empty())
    open();
}

void MachineWatchdog::open() {
  auto opened = open_fd(device_.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY);
  if (!opened) {
    if (!std::exchange(told_, true))
      log_error("watchdog: {}; tried again every {}", opened.error().text,
                duration_text(kLookAtDeviceAgain.count()));
    return timer_.set(kLookAtDeviceAgain);
  }
  fd_ = KeptFd(std::move(*opened), {KeptKind::watchdog});
  begin();
}

void MachineWatchdog::begin() {
  told_ = false;
  take_timeout();
  feed();
}

// A driver may round the timeout, or refuse a timeout too long for its timer. WDIOC_SETTIMEOUT
// writes back the timeout in use, and WDIOC_GETTIMEOUT reads it.
void MachineWatchdog::take_timeout() {
  int seconds = static_cast<int>(std::max<std::int64_t>((timeout_.count() + 999) / 1000, 1));
  const int refused = ::ioctl(fd_.get(), WDIOC_SETTIMEOUT, &seconds) < 0 ? errno : 0;
  int told = 0;
  if (::ioctl(fd_.get(), WDIOC_GETTIMEOUT, &told) == 0 && told > 0)
    seconds = told;
  else if (refused != 0)
    seconds = 0;
  const Milliseconds in_force =
      seconds > 0 ? std::chrono::duration_cast<Milliseconds>(std::chrono::seconds(seconds))
                  : timeout_;
  feed_each_ = std::min(in_force, timeout_) / 2;
  if (refused != 0)
    log_warn("watchdog: cannot set the timeout of {} to {}: {}; {}", device_,
             duration_text(timeout_.count()), errno_text(refused),
             seconds > 0 ? "it has its own" : "the device keeps its own timeout, which is unknown");
  log_info("watchdog: feeding {} every {}; without this it resets the machine after {}", device_,
           duration_text(feed_each_.count()), duration_text(in_force.count()));
}

// ENODEV: the device is gone, and feed() opens it again later.
void MachineWatchdog::feed() {
  if (!fd_) return;
  timer_.set(feed_each_);
  const int errnum = feed_watchdog(fd_.get());
  const bool told = std::exchange(told_, errnum != 0);
  if (errnum != 0 && !told) log_error("watchdog: cannot feed {}: {}", device_, errno_text(errnum));
  if (errnum == ENODEV) fd_.reset();
}

int MachineWatchdog::release() noexcept {
  timer_.stop();
  return fd_.release().release();
}

void MachineWatchdog::disarm() noexcept {
  timer_.stop();
  if (fd_ && ::write(fd_.get(), "V", 1) < 0) log_error("watchdog: {}", errno_text(errno));
  fd_.reset();
}

SelfWatchdog::SelfWatchdog(std::vector<Watched> watched) {
  for (Watched& one : watched) asked_.push_back({std::move(one)});
}

SelfWatchdog::~SelfWatchdog() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void SelfWatchdog::set(Milliseconds limit) {
  {
    MutexLock lock(mutex_);
    limit_ = limit;
    wake_.notify_one();
  }
  if (limit == Milliseconds{0} || thread_.joinable()) return;
  auto thread = Thread::start("zinit-watch", kLoopStackBytes, [this] { watch(); });
  if (thread)
    thread_ = std::move(*thread);
  else
    log_error("self_watchdog_ms has no effect: {}", thread.error().text);
}

void SelfWatchdog::watch() {
  MutexLock lock(mutex_);
  TimePoint wakes = kNever;
  while (!ending_) {
    const Milliseconds limit = limit_;
    if (limit == Milliseconds{0}) {
      wake_.wait(mutex_);
      // For a loop that has not answered yet, the time counts from now.
      for (Asked& asked : asked_) asked.since = Clock::now();
      wakes = kNever;
      continue;
    }
    lock.unlock();
    const TimePoint now = Clock::now();
    // If this thread woke up too late, zinit was suspended for the difference, and the loops could
    // not answer.
    const auto overslept = std::max(now - wakes, TimePoint::duration{0});
    for (Asked& asked : asked_) {
      asked.since += overslept;
      const bool late = asked.out->load() && now - asked.since >= limit;
      if (late) {
        log_error("{} has been stuck for {}: this counts as a crash", asked.watched.name,
                  duration_text(limit.count()));
        std::abort();
      }
      ask(asked, now);
    }
    lock.lock();
    wakes = after(now, std::max(limit / kAsksALimit, kShortestAsk));
    wake_.wait_until(mutex_, wakes);
  }
}

/// Does nothing while the loop has not answered yet. If the task cannot be posted, the next round
/// tries again.
void SelfWatchdog::ask(Asked& asked, TimePoint now) {
  if (asked.out->exchange(true)) return;
  asked.since = now;
  const auto posted = asked.watched.loop.post([out = asked.out, sign = asked.watched.sign] {
    sign();
    out->store(false);
  });
  if (!posted) asked.out->store(false);
}

}  // namespace zinit
