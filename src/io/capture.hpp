// Reads the pipes of all services as they become readable: the data loop's part of log capture.
//
// Fair under a flood: each readable pipe gets one read of at most 64 KiB, then it is the next one's
// turn; the kernel reports all readable pipes before the first again. A pipe that the kernel cannot
// watch (no memory for epoll) is tried again every second.
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

 private:
  [[nodiscard]] bool add_to_set(const LogPipe& pipe) REQUIRES(mutex_);
  void listen(const LogPipe& pipe) REQUIRES(mutex_);
  void begin() EXCLUDES(mutex_);
  [[nodiscard]] LogPipePtr find(const LogPipe* pipe) const EXCLUDES(mutex_);
  void readable(LogPipe& pipe);
  void pause(const LogPipe& pipe) EXCLUDES(mutex_);
  void resume() EXCLUDES(mutex_);
  void let_go(const LogPipe* pipe) EXCLUDES(mutex_);
  void give_up_oldest(ServiceLog& log);
  void let_go_of_ended() EXCLUDES(mutex_);

  EventLoop& loop_;
  EpollSet set_;
  mutable Mutex mutex_;  // taken before a loop's lock; no log's lock is held
  std::unordered_map<const LogPipe*, LogPipePtr> watched_ GUARDED_BY(mutex_);
  std::vector<const LogPipe*> unwatched_ GUARDED_BY(mutex_);  // refused by the kernel
  std::vector<const LogPipe*> paused_ GUARDED_BY(mutex_);     // waiting for a sink
  // Used by the loop's thread only.
  TimerWatcher again_;   // calls begin() while there are unwatched_
  TimerWatcher resume_;  // calls resume() while there are paused_
  ReadBuffer buffer_{0};
  LoopCall begin_;
};

}  // namespace zinit
