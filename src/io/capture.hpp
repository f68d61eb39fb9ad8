// Reads the pipes of all services as they become readable: the data loop's half of log capture.
//
// Fair under a flood: each pipe that is readable gets one read of 64 KiB, then the next has its
// turn; libev goes round all of them before it comes back. A pipe that the kernel will not watch
// (no memory for one more in epoll) is tried again each second until it can be.
//
// Threads: watch() and sweep() may be called by any, the rest is the loop's.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "io/loop.hpp"
#include "io/service_log.hpp"
#include "io/watcher.hpp"

namespace zinit {

class Capture {
 public:
  /// `lines_came` is called on the loop after each read of a log.
  Capture(EventLoop& loop, std::function<void(ServiceLog&)> lines_came);

  /// Reads `out` and `err`, both of one log, from now on until their end, and gives up those of the
  /// log's pipes that are too many (LogStore::kOldPipes). Does not block. ENOMEM, EAGAIN: not done.
  [[nodiscard]] Result<void> watch(const LogPipePtr& out, const LogPipePtr& err);

  /// Lets go of the pipes that have ended without a word from the kernel. Does not block.
  void sweep() noexcept;

 private:
  // A reader of the log may be the last to hold a pipe; the watcher is the loop's own.
  struct Watch {
    LogPipePtr pipe;
    IoWatcher watcher;
  };

  void start(const LogPipePtr& pipe);
  void readable(LogPipe& pipe, int events);
  void let_go(const LogPipe* pipe);
  void give_up_oldest(ServiceLog& log);
  void try_again();
  void let_go_of_ended();

  EventLoop& loop_;
  const std::function<void(ServiceLog&)> lines_came_;
  std::unordered_map<const LogPipe*, std::unique_ptr<Watch>> watched_;
  std::vector<const LogPipe*> unwatched_;  // of watched_: what libev could not watch
  TimerWatcher again_;                     // for those
  ReadBuffer buffer_;
};

}  // namespace zinit
