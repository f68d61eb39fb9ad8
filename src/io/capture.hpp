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
  void start(const LogPipePtr& pipe);
  void listen(const LogPipe& pipe);
  [[nodiscard]] bool make_set();
  void on_ready();
  void readable(LogPipe& pipe);
  void let_go(const LogPipe* pipe);
  void give_up_oldest(ServiceLog& log);
  void try_again();
  void let_go_of_ended();

  EventLoop& loop_;
  const std::function<void(ServiceLog&)> lines_came_;
  UniqueFd set_;                           // epoll; without, it is tried again as a pipe is
  std::unique_ptr<IoWatcher> ready_;       // of set_, made on the loop
  std::unordered_map<const LogPipe*, LogPipePtr> watched_;
  std::vector<const LogPipe*> unwatched_;  // of watched_: what the kernel would not watch
  TimerWatcher again_;                     // for those
  ReadBuffer buffer_;
};

}  // namespace zinit
