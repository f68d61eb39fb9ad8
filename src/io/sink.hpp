// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Where lines go besides the ring: the interface of all sinks, and the queue of sinks that write
// text to a descriptor.
//
// A sink that is slow, full or gone never blocks the service, other sinks or PID 1. Lines wait in
// the sink's bounded queue, and the data loop writes them as the descriptor accepts them. Lines
// without room, or that cannot be written, are dropped and counted per service. Only the console of
// a container or a standalone server holds its services up (console_sink.hpp). What waits is in a
// memory file (sink_area.hpp), so the next image of zinit delivers it. Bytes that are being sent
// when zinit crashes may be sent twice.
//
// Threads: take(), wants_pause() and holds() on any thread, with a log's lock held. Everything else
// on the loop's thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "io/kept_texts.hpp"
#include "io/ring.hpp"
#include "io/sink_trouble.hpp"
#include "io/splitter.hpp"
#include "io/watcher.hpp"

namespace zinit {

/// Lines of one stream of one process, from one read.
struct SinkBatch {
  std::string_view service;
  LogStream stream = LogStream::out;
  pid_t pid = 0;                 // 0: not known
  const void* source = nullptr;  // identifies the stream; all pieces of a line have the same source
  std::int64_t time_us = 0;
  std::span<const SplitLine> lines;
  bool unended = false;  // the stream ended without a newline after the last line
};

/// How many lines of one service one sink did not deliver.
using DropCount = std::shared_ptr<std::atomic<std::uint64_t>>;

/// What a sink has not delivered yet.
struct Backlog {
  std::size_t bytes = 0;
  std::uint64_t lines = 0;

  bool operator==(const Backlog&) const = default;
};

class Sink {
 public:
  virtual ~Sink() = default;

  /// As in `log_dropped_by`: "kmsg", "console", ...
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;

  /// Queues the lines. Adds to `dropped` how many are not delivered, now or later. Any thread, with
  /// the lock of the service's log held: must not block or log.
  virtual void take(const SinkBatch& batch, const DropCount& dropped) noexcept = 0;

  /// Queues unfinished lines, because nothing more is read. Call before finish().
  virtual void finish_lines() noexcept {}
  /// After a re-execution, before take(): the previous image has given this sink the beginning of a
  /// line from `source`, whose rest follows. Threads as for take().
  virtual void within_line(LogStream /*stream*/, const void* /*source*/) noexcept {}
  /// No more text of `source` comes: the stream has ended, or its service has other sinks now. Ends
  /// the line of which this sink has the beginning, if any. Afterwards another stream may have the
  /// same `source`. Parameters and threads as for take().
  virtual void leave(const void* /*source*/, const DropCount& /*dropped*/) noexcept {}
  /// At the end of zinit: writes the waiting lines, for at most `limit`. No thread runs the loop.
  virtual void finish(Milliseconds limit) noexcept = 0;

  /// From now on what waits is in `area`, in the queue `label`, so that the next image of zinit has
  /// it. The queue begins with what the previous image left there. Losing that counts for no
  /// service. Call before take(). May throw std::bad_alloc.
  virtual void keep_in(const std::shared_ptr<SinkArea>& /*area*/, const std::string& /*label*/) {}

  /// Whether the pipes of the services that use this sink should not be read for a moment, because
  /// the sink will soon have room again. Threads as for take().
  [[nodiscard]] virtual bool wants_pause() noexcept { return false; }

  /// Whether pipes of `stream` must not be read, because lines without room would be lost. Ends
  /// when the sink calls the function of on_room(). Threads as for take().
  [[nodiscard]] virtual bool holds(LogStream /*stream*/) const noexcept { return false; }
  /// `told` is called on the loop's thread when holds() becomes false. Call before take().
  virtual void on_room(const std::function<void()>& /*told*/) {}
  /// For a sink that holds services up: what it has not delivered, and what the reader has not
  /// taken from the sink's pipe. Empty if no line waits. No thread runs the loop.
  [[nodiscard]] virtual Backlog backlog() noexcept { return {}; }

  /// Makes zinit's own log report this sink's failures. Call before take().
  virtual void report_to(std::shared_ptr<SinkTrouble> trouble) noexcept {
    trouble_ = std::move(trouble);
  }
  /// Why it can deliver nothing now; empty: it can, or it reports to nobody.
  [[nodiscard]] virtual std::string fault() const {
    return trouble_ ? trouble_->fault() : std::string();
  }

 protected:
  /// Counts lines that are not delivered.
  void lose(const DropCount& dropped, std::uint64_t lines) const noexcept;

  [[nodiscard]] SinkTrouble* trouble() const noexcept { return trouble_.get(); }

 private:
  std::shared_ptr<SinkTrouble> trouble_;
};

/// Replaces a sink that could not be opened: counts every line as dropped.
class AbsentSink final : public Sink {
 public:
  /// `name` is the name of the missing sink. Its text must outlive this object.
  explicit AbsentSink(std::string_view name) noexcept : name_(name) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override {
    if (trouble() != nullptr) trouble()->absent();
    lose(dropped, batch.lines.size());
  }
  void finish(Milliseconds) noexcept override {}

 private:
  const std::string_view name_;
};

/// A sink with a queue of formatted lines, which the loop sends.
class QueuedSink : public Sink {
 public:
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override;
  void keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) override;

 protected:
  struct QueuedLine {
    std::string text;
    DropCount dropped;
    TimePoint since;
    std::uint64_t lines = 1;  // in the text
    bool kept = false;        // in the area; took() must be called for it
  };

  /// At most `limit` bytes wait. Waiting lines of one service are sent together, up to `together`
  /// bytes. The loop must outlive the sink. Destroy the sink on the loop's thread, or while no
  /// thread runs the loop.
  QueuedSink(EventLoop& loop, std::size_t limit, std::size_t together = 0);

  /// Queues a text as take() does, but unformatted. It counts as one line.
  void put(std::string text, const DropCount& dropped) noexcept EXCLUDES(mutex_);

  /// What waits. Any thread.
  [[nodiscard]] Backlog queued() noexcept EXCLUDES(mutex_);
  /// longer() is called with the queue's lock held, after the queue has grown; shorter() without
  /// the lock, after a line was taken.
  virtual void longer(std::size_t /*bytes*/) noexcept {}
  virtual void shorter(std::size_t /*bytes*/) noexcept {}

  /// The complete text to send for a line; empty: send nothing. May throw std::bad_alloc.
  [[nodiscard]] virtual std::string format(const SinkBatch& batch, const SplitLine& line) const = 0;

  /// The queue is no longer empty. On the loop's thread. Called again only after next() has
  /// returned false.
  virtual void lines_wait() noexcept = 0;

  /// Takes the next line. Returns false if none waits.
  [[nodiscard]] bool next(QueuedLine& line) noexcept;

  /// The next `bytes` bytes of `line` were sent or given up: the next image does not get them. Call
  /// it for all bytes of all lines, in their order.
  void took(const QueuedLine& line, std::size_t bytes) noexcept EXCLUDES(mutex_);

 private:
  void add(const SinkBatch& batch, const DropCount& dropped, std::size_t& done, bool& begins);
  void enqueue(std::string text, const DropCount& dropped, TimePoint now, bool& begins)
      REQUIRES(mutex_);
  void push(std::string text, const DropCount& dropped, TimePoint now, bool kept) REQUIRES(mutex_);
  [[nodiscard]] bool has_room(std::size_t bytes) const noexcept REQUIRES(mutex_);

  const std::size_t limit_;
  const std::size_t together_;
  LoopCall begin_;  // not post(): it may fail, and lines would wait for ever

  Mutex mutex_;
  std::deque<QueuedLine> queue_ GUARDED_BY(mutex_);
  KeptTexts kept_ GUARDED_BY(mutex_);
  std::size_t queued_bytes_ GUARDED_BY(mutex_) = 0;
  bool awake_ GUARDED_BY(mutex_) = false;  // lines_wait() was called, or will be
};

/// A sink that writes lines to a descriptor as the descriptor accepts them.
class TextSink : public QueuedSink {
 public:
  /// `fd` should be from open_for_sink(). After `lines_at_once` lines, other descriptors of the
  /// loop have their turn. Destroy the sink only when the loop no longer runs.
  TextSink(EventLoop& loop, UniqueFd fd, int lines_at_once, std::size_t limit = kQueueBytes,
           std::size_t together = 0);

  void finish(Milliseconds limit) noexcept override;

  /// Bytes that may wait: some thousand lines.
  static constexpr std::size_t kQueueBytes = 262144;

 protected:
  void lines_wait() noexcept override { write_some(0); }
  [[nodiscard]] int descriptor() const noexcept { return fd_.get(); }
  /// What waits, and what is being written. While no thread runs the loop.
  [[nodiscard]] Backlog queued() noexcept;

 private:
  enum class Progress { done, blocked };

  void write_some(int events) noexcept;
  void drop_current() noexcept;
  void fails(int errnum) noexcept;
  [[nodiscard]] bool next_line() noexcept;
  [[nodiscard]] Progress write_current() noexcept;
  [[nodiscard]] bool open_again() noexcept;

  UniqueFd fd_;
  const int lines_at_once_;

  // Used only by the loop's thread.
  IoWatcher writable_;  // active while lines wait
  QueuedLine current_;
  std::size_t written_ = 0;  // of current_.text
};

/// `kmsg = true`: the kernel's ring buffer, a record for each line, as `name: line`.
class KmsgSink final : public TextSink {
 public:
  /// `fd`: /dev/kmsg, opened for writing.
  KmsgSink(EventLoop& loop, UniqueFd fd);
  [[nodiscard]] std::string_view name() const noexcept override { return "kmsg"; }

 protected:
  [[nodiscard]] std::string format(const SinkBatch& batch, const SplitLine& line) const override;
};

/// A descriptor for a TextSink: reopen_nonblocking(fd), or a duplicate if that fails. Errors: those
/// of dup(2).
[[nodiscard]] Result<UniqueFd> open_for_sink(int fd);

}  // namespace zinit
