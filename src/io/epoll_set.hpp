// An epoll set apart from libev's, which a loop watches as one descriptor.
//
// A process that is just being spawned may have a copy of a descriptor that zinit closes. Then the
// kernel still reports events for it. libev removes a closed descriptor from its own set only at
// such an event, by number, and another thread may have a file of that number by then; if the
// removal fails, libev rebuilds its whole set. This was seen with services that crash in a loop.
// From a set apart a descriptor can be removed before it is closed.
//
// Nor can libev wait for a hang-up alone; here that is add() with events = 0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/mutex.hpp"
#include "io/watcher.hpp"

namespace zinit {

class EpollSet {
 public:
  /// Identifies a descriptor; chosen by the caller of add().
  using Key = std::uint64_t;
  /// Called on the loop's thread, with what epoll_wait(2) says. The descriptor may have been
  /// removed by an earlier call of the same turn, so look the key up.
  using Ready = std::function<void(Key, std::uint32_t events)>;

  /// The loop outlives the set.
  EpollSet(EventLoop& loop, Ready ready);

  /// Creates the set, unless it exists, and has the loop watch it. Only on the loop's thread, or
  /// while no thread runs the loop.
  /// @return  false if there is no free descriptor: try again later
  [[nodiscard]] bool open();

  /// Watches `fd` for `events` (epoll_ctl(2)) and for its hang-up. Any thread.
  /// @return  false if the set is not open, or the kernel refuses: try again later
  [[nodiscard]] bool add(int fd, std::uint32_t events, Key key) noexcept EXCLUDES(mutex_);
  /// Watches `fd`, which is in the set, for other events from now on. Any thread.
  /// @return  false if the kernel refuses: try again later
  [[nodiscard]] bool change(int fd, std::uint32_t events, Key key) noexcept EXCLUDES(mutex_);
  /// Call it before `fd` is closed. Does nothing if `fd` is not in the set. Any thread.
  void remove(int fd) noexcept EXCLUDES(mutex_);

 private:
  void on_ready();
  [[nodiscard]] bool control(int operation, int fd, std::uint32_t events, Key key) noexcept
      EXCLUDES(mutex_);

  EventLoop& loop_;
  const Ready ready_;
  mutable Mutex mutex_;  // a leaf of the lock order
  UniqueFd set_ GUARDED_BY(mutex_);
  std::unique_ptr<IoWatcher> watcher_;  // used by the loop's thread only
};

}  // namespace zinit
