// Reads the pipes of all services as they become readable: the data loop's half of log capture.
//
// Fair under a flood: each pipe that is readable gets one read of 64 KiB, then the next has its
// turn; the kernel goes round all of them before it comes back to it. A pipe that the kernel will
// not watch (no memory for one more in epoll) is tried again each second until it can be.
//
// The pipes have an epoll set of their own, which is what libev watches. libev takes a descriptor
// out of its set only when it hears of it once more, and a pipe that is closed while a process is
// just being spawned, with a copy of it, is heard of: libev then asks for a number that may be
// another thread's file by now, and on failure makes its whole set anew. Seen with services that
// crash in a loop; here a pipe is taken out before it is closed.
//
// Threads: watch() and sweep() may be called by any, the rest is the loop's.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "io/loop.hpp"
#include "io/service_log.hpp"
#include "io/watcher.hpp"

namespace zinit {

class Capture {
 public:
  explicit Capture(EventLoop& loop);

  /// Reads `out` and `err`, both of one log, from now on until their end, and gives up those of the
  /// log's pipes that are too many (LogStore::kOldPipes). Does not block. ENOMEM, EAGAIN: not done.
  [[nodiscard]] Result<void> watch(const LogPipePtr& out, const LogPipePtr& err);

  /// Lets go of the pipes that have ended without a word from the kernel. Does not block.
  void sweep() noexcept;

 private:
  [[nodiscard]] bool add_to_set(const LogPipe& pipe) REQUIRES(mutex_);
  void listen(const LogPipe& pipe) REQUIRES(mutex_);
  void begin() EXCLUDES(mutex_);
  [[nodiscard]] int set() const EXCLUDES(mutex_);
  [[nodiscard]] LogPipePtr find(const void* pipe) const EXCLUDES(mutex_);
  void on_ready();
  void readable(LogPipe& pipe);
  void pause(const LogPipe& pipe) EXCLUDES(mutex_);
  void resume() EXCLUDES(mutex_);
  void let_go(const LogPipe* pipe) EXCLUDES(mutex_);
  void give_up_oldest(ServiceLog& log);
  void try_again() EXCLUDES(mutex_);
  void let_go_of_ended() EXCLUDES(mutex_);

  EventLoop& loop_;
  mutable Mutex mutex_;              // taken before a loop's, and with no log's held
  UniqueFd set_ GUARDED_BY(mutex_);  // epoll; without, it is tried again as a pipe is
  std::unordered_map<const LogPipe*, LogPipePtr> watched_ GUARDED_BY(mutex_);
  std::vector<const LogPipe*> unwatched_ GUARDED_BY(mutex_);  // of these: what the kernel would not
  std::vector<const LogPipe*> paused_ GUARDED_BY(mutex_);     // and what waits for a sink
  // The loop's thread alone.
  std::unique_ptr<IoWatcher> ready_;  // of set_
  TimerWatcher again_;                // for unwatched_
  TimerWatcher resume_;               // for paused_
  ReadBuffer buffer_;
  LoopCall begin_;  // has the loop watch the set, and try again
};

}  // namespace zinit
