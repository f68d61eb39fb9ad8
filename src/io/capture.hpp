// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the pipes of all services when they are readable, on a thread of its own.
//
// Fairness: a readable pipe gets one read of at most 64 KiB, and then the next pipe has its turn.
// The kernel reports all readable pipes before it reports the first one again. A pipe that the
// kernel refuses to watch (no memory for epoll) is tried again every second.
//
// Pauses: a process that writes each line by its own write(2) would wake the reader for each line,
// and these wake-ups cost the process and zinit more than the lines do. So a pipe that is readable
// again soon after it was emptied is not watched for a millisecond, and lines gather in it. A pipe
// that was silent before is read at once. During a pause the pipe must hold what is written. If it
// is found half full after a pause, it is made wider. If that does not help, there are no pauses
// for a while.
//
// Held pipes: a pipe that a sink holds (console_sink.hpp) is not watched until the sink has room
// again, or the log has other sinks. A pipe that another thread reads is held until look_later().
//
// Reads that hang: a process holds the lock of its pipe while it writes, and for ever if its data
// is in a file whose server does not answer (service_log.hpp). A read(2) or close(2) then waits in
// the kernel, where no signal reaches it. The data loop notices such a read after kHungRead.
// Another thread then reads all other pipes, and the pipes of the same service are held: one
// service cannot make a second thread hang. When the read returns, its thread ends, and the pipes
// are read again. The pipes of another service that has got the slot, and with it the log, are not
// held. If kMostReaders threads hang at once, no pipe is read until one of them returns. Only the
// thread that took over last pauses, holds and closes pipes.
//
// Threads: any may call everything here, also with the board's lock, unless a comment restricts it.
// Never call it with the lock of a log.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <span>
#include <unordered_set>
#include <vector>

#include "base/mutex.hpp"
#include "io/loop.hpp"
#include "io/service_log.hpp"
#include "io/watcher.hpp"

namespace zinit {

class Capture {
 public:
  /// `loop` looks whether reads hang. It outlives this object.
  explicit Capture(EventLoop& loop);
  /// Waits for the end of its threads. Only while no thread runs the loop.
  ~Capture();
  Capture& operator=(Capture&&) = delete;

  /// Starts to read. Errors: no descriptors, memory or threads; temporary. May be called again
  /// after stop().
  [[nodiscard]] Result<void> start() EXCLUDES(mutex_);
  /// Ends the reading, and waits at most `limit` for the end of its threads.
  /// @return  false if one has not ended: the destructor would wait for it
  bool stop(Milliseconds limit) noexcept EXCLUDES(mutex_);

  /// Reads `pipes`, all of one log, from now on until their end. If the log has too many pipes
  /// (LogStore::kOldPipes), closes the oldest. Waits only for memory.
  void watch(std::span<const LogPipePtr> pipes) EXCLUDES(mutex_);

  /// Calls ServiceLog::look_again() for all pipes soon, and again as long as a pipe needs it. Also
  /// closes pipes that another thread has ended, and watches held pipes again, because their logs
  /// may have other sinks now. Does not block.
  void look_later() noexcept;

  /// Makes a reader read what is in `pipes`. Waits for kHungRead at most, and not at all
  /// while an earlier call has waited in vain, nor after stop().
  /// @return  false before start(): read them yourself
  [[nodiscard]] bool read_now(const std::vector<LogPipePtr>& pipes) EXCLUDES(mutex_);

  /// The owner of a pipe that a thread reads for `limit` or longer; null: none.
  [[nodiscard]] LogOwner reading(Milliseconds limit) noexcept EXCLUDES(mutex_);

  /// Watches the pipes again that a sink held (Sink::holds()). Does not block.
  void release() noexcept EXCLUDES(mutex_);

  /// The most threads at once: one that reads, others whose reads hang.
  static constexpr std::uint8_t kMostReaders = kReadAreas - 1;

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
  class Reader;

  [[nodiscard]] Result<Reader*> idle_reader() REQUIRES(mutex_);
  void let_read(Reader& reader) REQUIRES(mutex_);
  [[nodiscard]] bool reads(const Reader& reader) const noexcept { return current_ == &reader; }
  [[nodiscard]] bool hangs(const LogPipe& pipe) const noexcept REQUIRES(mutex_);
  [[nodiscard]] bool add_to_set(const LogPipe& pipe) REQUIRES(mutex_);
  void listen(const LogPipe& pipe) REQUIRES(mutex_);
  [[nodiscard]] LogPipePtr find(const LogPipe* pipe) const REQUIRES(mutex_);
  [[nodiscard]] bool waits_for_reader(const LogPipe& pipe) noexcept EXCLUDES(mutex_);
  void begins_to_read() noexcept;
  void look_at_reader() EXCLUDES(mutex_);
  void replace_reader() EXCLUDES(mutex_);

  Mutex mutex_;  // taken before a loop's lock
  std::unordered_set<LogPipePtr, ByAddress, ByAddress> watched_ GUARDED_BY(mutex_);
  // Of `watched_`, those that are not in the set of the reader.
  std::vector<const LogPipe*> unwatched_
      GUARDED_BY(mutex_);                                  // the kernel refused, or no reader yet
  std::vector<const LogPipe*> paused_ GUARDED_BY(mutex_);  // for a moment
  std::vector<const LogPipe*> held_ GUARDED_BY(mutex_);    // until look_later() or release()
  std::array<std::unique_ptr<Reader>, kMostReaders> readers_ GUARDED_BY(mutex_);
  std::atomic<Reader*> current_{nullptr};  // changes under `mutex_`; null: before the first start()
  bool running_ GUARDED_BY(mutex_) = false;
  bool late_ GUARDED_BY(mutex_) = false;  // read_now() has waited in vain for `current_`
  // Looks at reads while there are some. Asked for once in kHungRead at most.
  std::atomic<bool> looks_{false};
  LogOwner told_hung_ GUARDED_BY(mutex_);  // if no thread could take over
  TimerWatcher look_at_reader_;
  LoopCall begin_to_look_;
};

}  // namespace zinit
