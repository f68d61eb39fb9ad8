// `file`: lines appended to a file as they were written, whole, by threads that may wait for a
// disk.
//
//   take()            FileSink           FileWriters            LogFile
//   under a log's --> its own queue, --> a thread takes the --> write(2), rotation
//   lock: copies      blocks of bytes    sinks one by one
//
// One sink a path, whoever names it: lines of two services do not tear each other, and the file is
// rotated once. The text goes over in blocks, runs of lines as they lay in the read buffer. A line
// that comes in pieces is written as it comes; where another stream's lines come in between, its
// piece is ended first.
//
// What cannot be written is tried again, and given up and counted when it has waited for kPatience;
// what finds the queue full is counted at once, so that the oldest that wait are kept. A sink that
// nobody refers to any more lives until its queue is empty.
//
// A service can write faster than a writer that has to wait for a processor. So while the queue is
// more than half full its pipes are not read, nor those of others that share the file, for kPause
// at the longest, until it is nearly empty again: that costs the service no more than another
// process on its processor would, and saves the lines. A file that is truly slow does not hold it
// up, and one that cannot be written does so once: what is given up makes room, but only a block
// that was written ends the pause's time.
//
// Threads. Writers are started as there is work, one for each file system that has some: one that
// hangs holds up the files on it and no others. At most kMostWriters of them, and half of those
// for files that have never been open, whose file system is not known.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "io/log_file.hpp"
#include "io/sink.hpp"
#include "os/thread.hpp"

namespace zinit {

class FileWriters;

class FileSink final : public Sink, public std::enable_shared_from_this<FileSink> {
 public:
  FileSink(FileWriters& writers, const std::string& path) : writers_(writers), file_(path) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "file"; }
  void take(const SinkBatch& batch, const DropCount& dropped) noexcept override;

  [[nodiscard]] bool wants_pause() noexcept override;

  /// Nothing: FileWriters have the files of all written.
  void finish(Milliseconds) noexcept override {}

  /// From the next write on. Any thread.
  void set_rotation(const Rotation& rotation) noexcept;

  /// What waits is written to the file that is open, and that is closed and opened anew, whatever
  /// comes meanwhile. Any thread.
  void reopen() noexcept;

  /// Has a writer look at it even where there is nothing to write: at the end it closes the file,
  /// and where it is the last to hold the sink destroys it. No other thread should wait for that.
  void wake() noexcept;

  /// Whether nothing waits.
  [[nodiscard]] bool idle() noexcept;

  /// Bytes that may wait. Large enough that a writer which loses its processor for some
  /// milliseconds costs no line of a service that writes as fast as it can.
  static constexpr std::size_t kQueueBytes = std::size_t{8} << 20;

  /// So long a pause may be, from when the queue was half full until it is nearly empty.
  static constexpr Milliseconds kPause{250};

  /// What has waited for so long while the file could not be written is given up.
  static constexpr Milliseconds kPatience{5000};

 private:
  friend class FileWriters;

  struct Part {
    DropCount dropped;
    std::uint64_t lines;
  };
  struct Block {
    std::string bytes;
    std::vector<Part> parts;
    TimePoint since;
  };
  enum class Outcome { done, more, failed };

  // Of a writer.
  [[nodiscard]] Outcome write_some();
  [[nodiscard]] bool next_block();
  void give_up();
  void lose_current();
  void close() noexcept;

  void lose_parts(const Block& block, std::uint64_t lines) const noexcept;
  [[nodiscard]] static std::size_t size_of(const Block& block) noexcept;
  [[nodiscard]] Block& block_for(std::size_t bytes) REQUIRES(mutex_);
  void pop_block() noexcept REQUIRES(mutex_);
  void put(Block& block, const SinkBatch& batch) REQUIRES(mutex_);
  void enqueue() noexcept;

  FileWriters& writers_;

  Mutex mutex_;
  std::deque<Block> queue_ GUARDED_BY(mutex_);
  std::size_t waiting_bytes_ GUARDED_BY(mutex_) = 0;  // of the current block too
  TimePoint half_full_ GUARDED_BY(mutex_){};  // since when it has been, none: it is not
  Rotation rotation_ GUARDED_BY(mutex_);
  const void* within_line_of_ GUARDED_BY(mutex_) = nullptr;
  bool queued_ GUARDED_BY(mutex_) = false;  // the writers know that there is something to do
  // Blocks to be written before the file is opened anew; all younger lines go behind them.
  std::optional<std::size_t> reopen_after_ GUARDED_BY(mutex_);

  // Of the writer that has it, one at a time.
  LogFile file_;
  Block current_;
  std::size_t written_ = 0;  // of current_.bytes

  // Of the writers' lock.
  dev_t device_ = 0;
  bool busy_ = false;  // a writer has it
  Milliseconds delay_{0};
  TimePoint next_try_{};
};

class FileWriters {
 public:
  FileWriters() = default;
  /// Waits for the writers, each of which ends with the write that it is in.
  ~FileWriters();
  FileWriters(const FileWriters&) = delete;
  FileWriters& operator=(const FileWriters&) = delete;

  /// `sink` has something to do. Any thread, locks held too; does not block. ENOMEM, EAGAIN: not
  /// taken in.
  [[nodiscard]] Result<void> add(const std::shared_ptr<FileSink>& sink) noexcept;

  /// From here on every file that a writer looks at gets another try at once, and is closed.
  void begin_finish() noexcept;
  /// Waits until the writers are done with all, for `limit` at the longest.
  void await_finish(Milliseconds limit) noexcept;

  /// Whether a writer is within a write, which may hang.
  [[nodiscard]] bool busy() noexcept;

  static constexpr std::size_t kMostWriters = 8;

 private:
  using SinkPtr = std::shared_ptr<FileSink>;
  using Sinks = std::list<SinkPtr>;

  void work();
  [[nodiscard]] Sinks take_ready() REQUIRES(mutex_);
  [[nodiscard]] bool may_write(const FileSink& sink) const REQUIRES(mutex_);
  [[nodiscard]] TimePoint next_try() const REQUIRES(mutex_);
  void put_back(Sinks& taken, FileSink::Outcome outcome, bool closed) REQUIRES(mutex_);
  [[nodiscard]] Result<void> enough_threads() REQUIRES(mutex_);

  Mutex mutex_;
  CondVar wake_;
  CondVar rest_;                                 // some sink is done with
  Sinks waiting_ GUARDED_BY(mutex_);
  std::vector<dev_t> writing_ GUARDED_BY(mutex_);  // file systems that writers are at
  std::vector<Thread> threads_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool finishing_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
};

}  // namespace zinit
