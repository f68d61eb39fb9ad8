// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// An epoll set within a loop. See epoll_set.hpp.
#include "io/epoll_set.hpp"

#include <sys/epoll.h>

#include <array>

namespace zinit {

namespace {

// Events handled before the loop looks at anything else. No descriptor starves: the kernel reports
// every ready descriptor before it reports the first one again.
constexpr std::size_t kEventsATurn = 64;

}  // namespace

EpollSet::EpollSet(EventLoop& loop, Ready ready)
    : loop_(loop), ready_(std::move(ready)), set_(::epoll_create1(EPOLL_CLOEXEC)) {}

bool EpollSet::open() {
  if (watcher_) return true;
  MutexLock lock(mutex_);
  if (!set_) set_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!set_) return false;
  watcher_ = std::make_unique<IoWatcher>(loop_, set_.get(), EV_READ, [this](int) { on_ready(); });
  watcher_->start();
  return true;
}

bool EpollSet::add(int fd, std::uint32_t events, Key key) noexcept {
  return control(EPOLL_CTL_ADD, fd, events, key);
}

bool EpollSet::change(int fd, std::uint32_t events, Key key) noexcept {
  // Because of a lack of memory, add() may have failed.
  return control(EPOLL_CTL_MOD, fd, events, key) ||
         (errno == ENOENT && control(EPOLL_CTL_ADD, fd, events, key));
}

bool EpollSet::control(int operation, int fd, std::uint32_t events, Key key) noexcept {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  MutexLock lock(mutex_);
  return set_ && ::epoll_ctl(set_.get(), operation, fd, &event) == 0;
}

void EpollSet::remove(int fd) noexcept {
  MutexLock lock(mutex_);
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EpollSet::on_ready() {
  std::array<epoll_event, kEventsATurn> events;
  int set;
  {
    MutexLock lock(mutex_);
    set = set_.get();
  }
  const int count = ::epoll_wait(set, events.data(), kEventsATurn, 0);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[std::size_t(i)];
    ready_(event.data.u64, event.events);
  }
}

}  // namespace zinit
