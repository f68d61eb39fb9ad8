// Where lines go besides the ring: the interface of all sinks, and the queue that those of them
// share which write text to a descriptor.
//
// A sink that is slow, full or gone never blocks the service, the other sinks or PID 1: lines wait
// in a bounded queue of the sink's own, the data loop writes them as the descriptor takes them, and
// what finds no room, or cannot be written, is counted for the service that it came from.
//
// Threads: take() is called by any, with the lock of a log held; the rest runs on the loop.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "io/ring.hpp"
#include "io/sink_trouble.hpp"
#include "io/splitter.hpp"
#include "io/watcher.hpp"

namespace zinit {

/// Lines of one stream of one process, read at once.
struct SinkBatch {
  std::string_view service;
  LogStream stream = LogStream::out;
  pid_t pid = 0;                  // 0: not known
  const void* source = nullptr;   // which stream of which process, or its log: a line's pieces
                                  // belong together
  std::int64_t time_us = 0;
  std::span<const SplitLine> lines;
};

/// Lines of one service that one sink did not deliver.
using DropCount = std::shared_ptr<std::atomic<std::uint64_t>>;

class Sink {
 public:
  virtual ~Sink() = default;

  /// The word in `log_dropped_by`: "kmsg", "console", ...
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// Queues the lines, or adds to `dropped` how many cannot be delivered, now or later. Any thread,
  /// with the lock of the service's log held: only stores, does not block, does not log.
  virtual void take(const SinkBatch& batch, const DropCount& dropped) noexcept = 0;

  /// At the end of zinit: writes what still waits, for `limit` at the longest. No thread runs the
  /// loop.
  virtual void finish(Milliseconds limit) noexcept = 0;

  /// Whether reading for it should wait a little, which the sink says for a moment only: it is at
  /// work and about to have room. Threads as take().
  [[nodiscard]] virtual bool wants_pause() noexcept { return false; }

  /// Where it notes what zinit's log is to tell of it. Before it takes lines.
  void report_to(std::shared_ptr<SinkTrouble> trouble) noexcept { trouble_ = std::move(trouble); }

 protected:
  /// So many lines are not delivered.
  void lose(const DropCount& dropped, std::uint64_t lines) const noexcept;

  [[nodiscard]] SinkTrouble* trouble() const noexcept { return trouble_.get(); }

 private:
  std::shared_ptr<SinkTrouble> trouble_;
};

/// In place of a sink that could not be had: counts every line as dropped.
class AbsentSink final : public Sink {
 public:
  /// `name` as that of the sink that is missing; stays valid.
  explicit AbsentSink(std::string_view name) noexcept : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override {
    lose(dropped, batch.lines.size());
  }
  void finish(Milliseconds) noexcept override {}

 private:
  const std::string_view name_;
};

/// A sink whose lines wait, each as the text that is sent for it, until the loop has sent them.
class QueuedSink : public Sink {
 public:
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override;

 protected:
  struct Waiting {
    std::string text;
    DropCount dropped;
    TimePoint since;
  };

  /// `limit`: bytes that may wait. The loop outlives the sink, which is destroyed on its thread, or
  /// while no thread runs the loop.
  QueuedSink(EventLoop& loop, std::size_t limit);

  /// What is sent for a line, whole; empty: nothing is. May throw for want of memory.
  [[nodiscard]] virtual std::string format(const SinkBatch& batch, const SplitLine& line) const = 0;

  /// Lines wait where none did before. On the loop; not again until next() has given none.
  virtual void lines_wait() noexcept = 0;

  /// The next line; false where none waits.
  [[nodiscard]] bool next(Waiting& line) noexcept;

 private:
  void add(const SinkBatch& batch, const DropCount& dropped, std::size_t& done, bool& begins);

  const std::size_t limit_;
  LoopCall begin_;  // unlike a task it cannot be refused, and no line waits on

  Mutex mutex_;
  std::deque<Waiting> queue_ GUARDED_BY(mutex_);
  std::size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool awake_ GUARDED_BY(mutex_) = false;  // the loop knows that lines wait
};

/// A sink that writes one text a line to a descriptor, as the descriptor takes them.
class TextSink : public QueuedSink {
 public:
  /// `fd` best from open_for_sink(). `lines_at_once`: written before other
  /// descriptors of the loop have their turn. The loop is not run again after the sink is gone.
  TextSink(EventLoop& loop, UniqueFd fd, int lines_at_once);

  void finish(Milliseconds limit) noexcept override;

  /// Bytes that may wait; some thousand usual lines.
  static constexpr std::size_t kQueueBytes = 262144;

 protected:
  void lines_wait() noexcept override { write_some(0); }

 private:
  enum class Progress { done, blocked };

  void write_some(int events) noexcept;
  void drop_current() noexcept;
  [[nodiscard]] bool next_line() noexcept;
  [[nodiscard]] Progress write_current() noexcept;

  UniqueFd fd_;
  const int lines_at_once_;

  // The loop's thread alone.
  IoWatcher writable_;  // active while lines wait
  Waiting current_;
  std::size_t written_ = 0;  // of current_.text
};

/// `kmsg = true`: the kernel ring buffer, one record a line, as `name: line`.
class KmsgSink final : public TextSink {
 public:
  /// `fd`: /dev/kmsg, opened for writing.
  KmsgSink(EventLoop& loop, UniqueFd fd);
  [[nodiscard]] std::string_view name() const noexcept override { return "kmsg"; }

 protected:
  [[nodiscard]] std::string format(const SinkBatch& batch, const SplitLine& line) const override;
};

/// `console = true`: the console, or in standalone and container mode zinit's own standard output,
/// as `name: line`, safe to show on a terminal.
class ConsoleSink final : public TextSink {
 public:
  ConsoleSink(EventLoop& loop, UniqueFd fd);
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }

 protected:
  [[nodiscard]] std::string format(const SinkBatch& batch, const SplitLine& line) const override;
};

/// What a TextSink is to write to in place of `fd`: reopen_nonblocking(), or where that gives none
/// a duplicate. Errors are those of dup(2).
[[nodiscard]] Result<UniqueFd> open_for_sink(int fd);

}  // namespace zinit
