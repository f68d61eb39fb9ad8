// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the pipes of all services when they are readable: the data loop's part of log capture.
//
// Fairness: a readable pipe gets one read of at most 64 KiB, and then the next pipe has its turn.
// The kernel reports all readable pipes before it reports the first one again. A pipe that the
// kernel refuses to watch (no memory for epoll) is tried again every second.
//
// Pauses: a process that writes each line by its own write(2) would wake the loop for each line,
// and these wake-ups cost the process and zinit more than the lines do. So a pipe that is readable
// again soon after it was emptied is not watched for a millisecond, and lines gather in it. A pipe
// that was silent before is read at once. During a pause the pipe must hold what is written. If it
// is found half full after a pause, it is made wider. If that does not help, there are no pauses
// for a while.
//
// Held pipes: a pipe that a sink holds (console_sink.hpp) is not watched until the sink has room
// again, or the log has other sinks. A pipe that another thread reads is held until look_later().
//
// Threads: watch() and sweep() on any thread, everything else on the loop's thread.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/mutex.hpp"
#include "io/epoll_set.hpp"
#include "io/loop.hpp"
#include "io/service_log.hpp"
#include "io/watcher.hpp"

namespace zinit {

class Capture {
 public:
  explicit Capture(EventLoop& loop);

  /// Reads `pipes`, all of one log, from now on until their end. If the log has too many pipes
  /// (LogStore::kOldPipes), closes the oldest. Does not block. If it fails (ENOMEM or EAGAIN), the
  /// caller must end all `pipes`.
  [[nodiscard]] Result<void> watch(std::span<const LogPipePtr> pipes);

  /// Closes pipes that another thread has ended. Does not block.
  void sweep() noexcept;

  /// Calls ServiceLog::look_again() for all pipes soon, and again as long as a pipe needs it. Also
  /// watches held pipes again, in case that their logs have other sinks now. Any thread.
  void look_later() noexcept { look_.ask(); }

  /// The log whose pipe the loop's thread reads for longer than kHungRead; null: none. Any thread.
  [[nodiscard]] ServiceLog* hung() const noexcept;

  /// Watches the pipes again that a sink held (Sink::holds()). On the loop's thread, or while no
  /// thread runs the loop.
  void release() noexcept;

 private:
  /// Hash and comparison of a set that is searched by the address of a pipe.
  struct ByAddress {
    using is_transparent = void;
    std::size_t operator()(const auto& pipe) const noexcept {
      return std::hash<const LogPipe*>{}(std::to_address(pipe));
    }
    bool operator()(const auto& a, const auto& b) const noexcept {
      return std::to_address(a) == std::to_address(b);
    }
  };

  [[nodiscard]] bool add_to_set(const LogPipe& pipe) REQUIRES(mutex_);
  void listen(const LogPipe& pipe) REQUIRES(mutex_);
  void begin() EXCLUDES(mutex_);
  [[nodiscard]] LogPipePtr find(const LogPipe* pipe) const EXCLUDES(mutex_);
  void ended(LogPipe& pipe);
  void readable(LogPipe& pipe);
  void take_from(LogPipe& pipe);
  [[nodiscard]] static bool pays(LogPipe& pipe, const ServiceLog::ReadOnce& read) noexcept;
  void pause(const LogPipe& pipe) EXCLUDES(mutex_);
  void hold(const LogPipe& pipe) EXCLUDES(mutex_);
  void resume() EXCLUDES(mutex_);
  void let_go(const LogPipe* pipe) EXCLUDES(mutex_);
  void give_up_oldest(ServiceLog& log);
  void look();
  void let_go_of_ended() EXCLUDES(mutex_);

  EventLoop& loop_;
  EpollSet set_;
  mutable Mutex mutex_;  // taken before a loop's lock; taken without a log's lock
  std::unordered_set<LogPipePtr, ByAddress, ByAddress> watched_ GUARDED_BY(mutex_);
  std::vector<const LogPipe*> unwatched_ GUARDED_BY(mutex_);  // refused by the kernel
  std::vector<const LogPipe*> paused_ GUARDED_BY(mutex_);     // not watched for a moment
  std::vector<const LogPipe*> held_ GUARDED_BY(mutex_);       // until a sink has room
  std::atomic<ServiceLog*> reading_{nullptr};     // the loop's thread reads a pipe of this log
  std::atomic<TimePoint> reading_since_{kNever};  // likewise; kNever: no log
  // Used only by the loop's thread.
  TimerWatcher again_;   // calls begin() while there are unwatched_
  TimerWatcher resume_;  // calls resume() while there are paused_
  ReadBuffer buffer_{0};
  TimerWatcher again_look_;  // while an unended line is not shown, or left-out lines not logged
  LoopCall begin_;
  LoopCall look_;
};

}  // namespace zinit
