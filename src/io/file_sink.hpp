// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sink `file`: threads that may wait for a disk append lines, unchanged, to a file.
//
//   take()                FileSink              FileWriters             LogFile
//   under a log's     --> its own queue,    --> a thread takes the  --> write(2), rotation
//   lock: copies          blocks of bytes       sinks one by one
//
// Blocks are in a memory file (sink_area.hpp), so the next image of zinit writes what waits. Before
// each write to a regular file, the block gets the place of this write. After a crash in the middle
// of a write, the next image compares the file with the block, and writes the rest.
//
// Each path has one sink, even if many services name it. So their lines stay whole, and the file is
// rotated once. The queue holds blocks of text. Lines that are adjacent in the read buffer are
// copied together. Pieces of a long line are written as they arrive; if lines of another stream
// come between them, or a piece is dropped, a newline ends the piece before.
//
// A failed write is tried again. Lines are dropped and counted if nothing was written for
// kPatience. If the queue is full, new lines are dropped and counted at once, so the oldest are
// kept. An unused sink lives until its queue is empty.
//
// A service can write faster than a writer thread that waits for a processor. So while the queue is
// at least half full, the pipes of the services that use the file are not read, for at most kPause.
// This costs a service no more than sharing its processor with another process, and saves the
// lines. A slow file does not delay a service for longer: the time limit restarts only when the
// queue is nearly empty and a block was really written. So a file that cannot be written delays its
// service only once.
//
// Threads: writers are started as needed, one for each file system, so a hanging file system
// affects only its own files. There are at most kMostWriters. At most half of them write files that
// were never open, because the file system of such a file is unknown.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/mutex.hpp"
#include "io/log_file.hpp"
#include "io/sink.hpp"
#include "io/sink_area.hpp"
#include "os/thread.hpp"

namespace zinit {

class FileWriters;

class FileSink final : public Sink, public std::enable_shared_from_this<FileSink> {
 public:
  FileSink(FileWriters& writers, const std::string& path) : writers_(writers), file_(path) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "file"; }
  /// Constant. Any thread.
  [[nodiscard]] const std::string& path() const noexcept { return file_.path(); }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override;

  void within_line(LogStream, const void* source) noexcept override;
  void leave(const void* source, const DropCount&) noexcept override;

  [[nodiscard]] bool wants_pause() noexcept override;

  /// Does nothing: FileWriters finishes all files.
  void finish(Milliseconds) noexcept override {}

  void keep_in(const std::shared_ptr<SinkArea>& area, const std::string& label) override;

  /// After FileWriters::go_on(): begin_finish() may have made the writers forget this sink.
  void go_on() noexcept EXCLUDES(mutex_);

  /// Takes effect at the next write. Any thread.
  void set_rotation(const Rotation& rotation) noexcept;

  /// Writes the waiting lines to the open file, closes it, and opens the path again. Lines that
  /// arrive meanwhile go to the new file. If the file could not be opened, as a FIFO that nobody
  /// reads, or its disk is full, the waiting lines too go to what is at the path at the next try;
  /// a line that a full disk took in part is divided between the two files. Any thread.
  /// @param ticket  larger than in any earlier call
  void reopen(std::uint64_t ticket) noexcept;
  /// Whether the path was opened again since reopen(`ticket`), or reopen(`ticket`) was not called.
  [[nodiscard]] bool reopened(std::uint64_t ticket) noexcept;

  /// Makes a writer handle the sink even if nothing is to be written. If the writer then has the
  /// last reference to the sink, it destroys the sink. At the end of zinit it closes the file. Both
  /// may block, so no other thread should do them.
  void wake() noexcept;

  /// Whether no line waits.
  [[nodiscard]] bool idle() noexcept;

  /// Bytes that may wait. Enough that no line of a fast service is lost while a writer does not run
  /// for some milliseconds.
  static constexpr std::size_t kQueueBytes = std::size_t{8} << 20;

  /// How long reading may pause after the queue became half full. Restarts only after the queue was
  /// nearly empty.
  static constexpr Milliseconds kPause{250};

  /// While nothing can be written to the file, lines that have waited this long are dropped.
  static constexpr Milliseconds kPatience{5000};

 private:
  friend class FileWriters;

  struct Part {
    DropCount dropped;
    std::uint64_t lines;
  };
  struct Block {
    SinkChunk chunk;
    std::vector<Part> parts;
    TimePoint since;
    std::size_t size = 0;   // as it counts in waiting_bytes_
    bool restored = false;  // the previous process image may have written its beginning
  };
  enum class Outcome { done, lingers, more, failed };

  // Called by writers.
  [[nodiscard]] Outcome write_some();
  [[nodiscard]] bool next_block(bool& lingers);
  [[nodiscard]] Result<void> write_block(std::size_t& written);
  void give_up();
  void lose_current();
  void close() noexcept;
  void note_failure() EXCLUDES(mutex_);
  void open_again(std::uint64_t ticket) EXCLUDES(mutex_);
  [[nodiscard]] bool reopen_at_once() EXCLUDES(mutex_);

  void lose_parts(const Block& block, std::uint64_t lines) const noexcept;
  void count_size(Block& block) noexcept REQUIRES(mutex_);
  [[nodiscard]] Block& block_for(std::size_t bytes) REQUIRES(mutex_);
  void pop_block() noexcept REQUIRES(mutex_);
  void put(Block& block, const SinkBatch& batch) REQUIRES(mutex_);
  void enqueue() noexcept;

  FileWriters& writers_;

  // Null: blocks are in ordinary memory. Constant once lines are taken.
  std::shared_ptr<SinkArea> area_;
  std::string label_;  // of the queue in the area

  Mutex mutex_;
  std::deque<Block> queue_ GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;  // includes the current block
  // When the queue became half full. TimePoint{}: not since it was nearly empty.
  TimePoint half_full_ GUARDED_BY(mutex_){};
  Rotation rotation_ GUARDED_BY(mutex_);
  const void* within_line_of_ GUARDED_BY(mutex_) = nullptr;  // this: no source has the rest
  bool queued_ GUARDED_BY(mutex_) = false;                   // waits for a writer or has one
  bool closed_ GUARDED_BY(mutex_) = false;  // after a failed write: the next one opens the path
  // Queued blocks to write before the file is opened again. Unset: no reopening was requested.
  std::optional<std::size_t> reopen_after_ GUARDED_BY(mutex_);
  std::uint64_t reopen_asked_ GUARDED_BY(mutex_) = 0;  // the last ticket
  std::uint64_t reopened_ GUARDED_BY(mutex_) = 0;      // the last ticket when it began

  // Used only by the one writer that works on this sink.
  LogFile file_;
  Block current_;
  bool flood_ = false;    // a large block was written since the sink was last idle
  bool torn_ = false;     // a block was dropped, so the file may end with half a line
  TimePoint progress_{};  // when something was last written

  // Guarded by the lock of FileWriters.
  dev_t device_ = 0;
  bool busy_ = false;        // a writer works on the sink
  Backoff<20, 1000> delay_;  // after a failed write
  TimePoint next_try_{};
};

class FileWriters {
 public:
  /// Waits for the writers. Each finishes its current write.
  ~FileWriters();
  FileWriters& operator=(FileWriters&&) = delete;

  /// Makes a writer work on `sink`. Any thread, also with locks held. Does not block. Fails with
  /// ENOMEM or EAGAIN if there is no thread and none can be started.
  [[nodiscard]] Result<void> add(const std::shared_ptr<FileSink>& sink) noexcept;

  /// From now on failed writes are repeated at once, and each file is closed after its last write.
  void begin_finish() noexcept;
  /// Takes back begin_finish() and await_finish(). Call FileSink::go_on() for each file afterwards.
  void go_on() noexcept EXCLUDES(mutex_);
  /// Waits until the writers are done with all files, for at most `limit`. Afterwards none begins
  /// another write, so that busy() is true no longer than a write under way takes.
  void await_finish(Milliseconds limit) noexcept;

  /// Whether a writer is inside a write, which may hang.
  [[nodiscard]] bool busy() noexcept;
  /// The path of a file in whose write a writer has been for kHangs; empty if there is none.
  [[nodiscard]] std::string hanging();

  /// `told` is called by a writer, without locks, whenever it has opened a file again. Set it
  /// before the first add(). It must stay callable until this object is destroyed.
  void on_reopened(std::function<void()> told) { on_reopened_ = std::move(told); }
  void tell_reopened() const {
    if (on_reopened_) on_reopened_();
  }

  static constexpr std::size_t kMostWriters = 8;
  static constexpr Milliseconds kHangs{1000};

 private:
  using SinkPtr = std::shared_ptr<FileSink>;
  using Sinks = std::list<SinkPtr>;
  struct Write {
    const FileSink* sink;
    dev_t device;  // the file system, as known before
    TimePoint since;
  };

  void work();
  [[nodiscard]] Sinks take_ready() REQUIRES(mutex_);
  [[nodiscard]] bool may_write(const FileSink& sink) const REQUIRES(mutex_);
  [[nodiscard]] TimePoint next_try() const REQUIRES(mutex_);
  void put_back(Sinks& taken, FileSink::Outcome outcome, bool closed) REQUIRES(mutex_);
  [[nodiscard]] Result<void> enough_threads() REQUIRES(mutex_);

  std::function<void()> on_reopened_;  // constant once there are threads

  Mutex mutex_;
  CondVar wake_;
  CondVar rest_;  // signalled when a writer is done with a sink
  Sinks waiting_ GUARDED_BY(mutex_);
  std::vector<Write> writing_ GUARDED_BY(mutex_);
  std::vector<Thread> threads_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool finished_ GUARDED_BY(mutex_) = false;  // no write begins any more
  bool ending_ GUARDED_BY(mutex_) = false;
};

}  // namespace zinit
