// Where lines go besides the ring: the interface of all sinks, and the queue that those of them
// share which write text to a descriptor.
//
// A sink that is slow, full or gone never blocks the service, the other sinks or PID 1: lines wait
// in a bounded queue of the sink's own, the data loop writes them as the descriptor takes them, and
// what finds no room, or cannot be written, is counted for the service that it came from.
//
// Threads: take() is called by any, with the lock of a log held; the rest runs on the loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "io/ring.hpp"
#include "io/watcher.hpp"

namespace zinit {

/// A line on its way to a sink.
struct SinkLine {
  std::string_view service;
  LogStream stream = LogStream::out;
  bool continues = false;
  std::int64_t time_us = 0;
  std::string_view text;
};

/// Lines of one service that one sink did not deliver.
using DropCount = std::shared_ptr<std::atomic<std::uint64_t>>;

class Sink {
 public:
  virtual ~Sink() = default;

  /// The word in `log_dropped_by`: "kmsg", "console", ...
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// Queues `line`, or adds one to `dropped`, now or when it cannot be delivered. Any thread, with
  /// the lock of the service's log held: only stores, does not block, does not log.
  virtual void take(const SinkLine& line, const DropCount& dropped) noexcept = 0;

  /// At the end of zinit: writes what still waits, for `limit` at the longest. No thread runs the
  /// loop.
  virtual void finish(Milliseconds limit) noexcept = 0;
};

/// In place of a sink that could not be had: counts every line as dropped.
class AbsentSink final : public Sink {
 public:
  /// `name` as that of the sink that is missing; stays valid.
  explicit AbsentSink(std::string_view name) noexcept : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  void take(const SinkLine&, const DropCount& dropped) noexcept override { ++*dropped; }
  void finish(Milliseconds) noexcept override {}

 private:
  const std::string_view name_;
};

/// A sink that writes one text a line to a descriptor, as the descriptor takes them.
class TextSink : public Sink {
 public:
  /// `fd` best from open_for_sink(). `lines_at_once`: written before other
  /// descriptors of the loop have their turn. The loop outlives the sink, which is destroyed while
  /// no thread runs the loop, and after which the loop is not run again.
  TextSink(EventLoop& loop, UniqueFd fd, int lines_at_once);

  void take(const SinkLine& line, const DropCount& dropped) noexcept override;
  void finish(Milliseconds limit) noexcept override;

  /// Bytes that may wait; some thousand usual lines.
  static constexpr std::size_t kQueueBytes = 262144;

 protected:
  /// What is written for `line`, whole. May throw for want of memory.
  [[nodiscard]] virtual std::string format(const SinkLine& line) const = 0;

 private:
  struct Waiting {
    std::string text;
    DropCount dropped;
  };
  enum class Progress { done, blocked };

  void write_some(int events) noexcept;
  void drop_current() noexcept;
  [[nodiscard]] bool next_line() noexcept;
  [[nodiscard]] Progress write_current() noexcept;

  // Constant after construction.
  UniqueFd fd_;
  const int lines_at_once_;
  LoopCall begin_;  // has the loop write; unlike a task it cannot be refused, and no line waits on

  // The loop's thread alone.
  IoWatcher writable_;  // active while lines wait
  Waiting current_;
  std::size_t written_ = 0;  // of current_.text

  Mutex mutex_;
  std::deque<Waiting> queue_ GUARDED_BY(mutex_);
  std::size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool awake_ GUARDED_BY(mutex_) = false;  // the loop knows that lines wait
};

/// `kmsg = true`: the kernel ring buffer, one record a line, as `name: line`.
class KmsgSink final : public TextSink {
 public:
  /// `fd`: /dev/kmsg, opened for writing.
  KmsgSink(EventLoop& loop, UniqueFd fd);
  [[nodiscard]] std::string_view name() const noexcept override { return "kmsg"; }

 protected:
  [[nodiscard]] std::string format(const SinkLine& line) const override;
};

/// `console = true`: the console, or in standalone and container mode zinit's own standard output,
/// as `name: line`, safe to show on a terminal.
class ConsoleSink final : public TextSink {
 public:
  ConsoleSink(EventLoop& loop, UniqueFd fd);
  [[nodiscard]] std::string_view name() const noexcept override { return "console"; }

 protected:
  [[nodiscard]] std::string format(const SinkLine& line) const override;
};

/// What a TextSink is to write to in place of `fd`: reopen_nonblocking(), or where that gives none
/// a duplicate. Errors are those of dup(2).
[[nodiscard]] Result<UniqueFd> open_for_sink(int fd);

}  // namespace zinit
