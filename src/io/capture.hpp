// Reads the pipes of all services as they become readable: the data loop's part of log capture.
//
// Fair under a flood: each readable pipe gets one read of at most 64 KiB, then it is the next one's
// turn; the kernel reports all readable pipes before the first again. A pipe that the kernel cannot
// watch (no memory for epoll) is tried again every second.
//
// A process that writes each line by a write(2) would wake the loop for each, which costs both more
// than the lines. So a pipe that is readable again soon after it was emptied is not watched for a
// millisecond, in which lines gather. What comes after silence is read at once. The pipe has to
// hold what is written meanwhile: it is made wider when it is found half full after a pause, and if
// that is not enough there are no pauses for a while.
//
// A pipe that a sink holds (console_sink.hpp) is not watched until that sink has room again: then
// the one that has waited longest comes first.
//
// Threads: watch() and sweep() may be called by any thread, the rest only by the loop's.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
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

  /// Reads `pipes`, all of one log, from now on until their end, and closes the oldest of the log's
  /// pipes if they are too many (LogStore::kOldPipes). Does not block. If it fails (with ENOMEM or
  /// EAGAIN) the caller must end all of `pipes`.
  [[nodiscard]] Result<void> watch(std::span<const LogPipePtr> pipes);

  /// Closes pipes that another thread has ended. Does not block.
  void sweep() noexcept;

  /// Has ServiceLog::look_again() called for all pipes soon, and again while that is of use. Any
  /// thread.
  void look_later() noexcept { look_.ask(); }

  /// Reads on from the pipes that a sink has held (Sink::holds()). On the loop's thread, or while
  /// no thread runs the loop.
  void release() noexcept;

 private:
  [[nodiscard]] bool add_to_set(const LogPipe& pipe) REQUIRES(mutex_);
  void listen(const LogPipe& pipe) REQUIRES(mutex_);
  void begin() EXCLUDES(mutex_);
  [[nodiscard]] LogPipePtr find(const LogPipe* pipe) const EXCLUDES(mutex_);
  void ended(LogPipe& pipe);
  void readable(LogPipe& pipe);
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
  mutable Mutex mutex_;  // taken before a loop's lock; no log's lock is held
  std::unordered_map<const LogPipe*, LogPipePtr> watched_ GUARDED_BY(mutex_);
  std::vector<const LogPipe*> unwatched_ GUARDED_BY(mutex_);  // refused by the kernel
  std::vector<const LogPipe*> paused_ GUARDED_BY(mutex_);     // not watched for a moment
  std::vector<const LogPipe*> held_ GUARDED_BY(mutex_);       // until a sink has room, in turn
  // Used by the loop's thread only.
  TimerWatcher again_;   // calls begin() while there are unwatched_
  TimerWatcher resume_;  // calls resume() while there are paused_
  ReadBuffer buffer_{0};
  TimerWatcher again_look_;  // active while a line is not ended and not shown, or lines are untold
  LoopCall begin_;
  LoopCall look_;
};

}  // namespace zinit
