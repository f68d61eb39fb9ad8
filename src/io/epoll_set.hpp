// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// An epoll set besides libev's. A loop watches the whole set as one descriptor.
//
// Why not libev's own set: a process that is just being spawned may have a copy of a descriptor
// that zinit closes, and then the kernel still reports events for the descriptor. libev removes a
// closed descriptor from its set only at such an event, by number, but another thread may have
// opened a file with this number by then. If the removal fails, libev rebuilds its whole set. This
// was seen with services that crash in a loop. From this set a descriptor can be removed before it
// is closed.
//
// libev also cannot wait only for a hang-up. Here this is add() with events = 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/mutex.hpp"
#include "io/watcher.hpp"

namespace zinit {

class EpollSet {
 public:
  /// Identifies a descriptor. The caller of add() chooses it.
  using Key = std::uint64_t;
  /// Called on the loop's thread with the events of epoll_wait(2). An earlier call of the same turn
  /// may have removed the descriptor, so look the key up.
  using Ready = std::function<void(Key, std::uint32_t events)>;

  /// The loop outlives the set.
  EpollSet(EventLoop& loop, Ready ready);

  /// Creates the set unless it exists, and makes the loop watch it. Only on the loop's thread, or
  /// while no thread runs the loop.
  /// @return  false if there is no free descriptor: try again later
  [[nodiscard]] bool open();

  /// Watches `fd` for `events` (epoll_ctl(2)) and for its hang-up. Any thread.
  /// @return  false if the set is not open, or the kernel refuses: try again later
  [[nodiscard]] bool add(int fd, std::uint32_t events, Key key) noexcept EXCLUDES(mutex_);
  /// Changes the events for which `fd`, already in the set, is watched. Any thread.
  /// @return  false if the kernel refuses: try again later
  [[nodiscard]] bool change(int fd, std::uint32_t events, Key key) noexcept EXCLUDES(mutex_);
  /// Call before `fd` is closed. Does nothing if `fd` is not in the set. Any thread.
  void remove(int fd) noexcept EXCLUDES(mutex_);

 private:
  void on_ready();
  [[nodiscard]] bool control(int operation, int fd, std::uint32_t events, Key key) noexcept
      EXCLUDES(mutex_);

  EventLoop& loop_;
  const Ready ready_;
  mutable Mutex mutex_;  // a leaf of the lock order
  UniqueFd set_ GUARDED_BY(mutex_);
  std::unique_ptr<IoWatcher> watcher_;  // used only by the loop's thread
};

}  // namespace zinit
