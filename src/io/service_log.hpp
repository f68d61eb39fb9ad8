// The log of one service: its ring, the pipes that its processes write to, and the sinks that its
// settings ask for, under one lock.
//
// A pipe is read under that lock, by the data loop when it is readable, or by a reader of the log
// that wants all that was written until now. Whoever reads, the bytes are in the ring before the
// lock is let go, so no line can be on its way past a reader.
//
// Threads: every function of ServiceLog may be called by any; what of a LogPipe changes is guarded
// by its log's lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "io/fair_mutex.hpp"
#include "io/log_store.hpp"
#include "io/ring.hpp"
#include "io/sink.hpp"
#include "io/splitter.hpp"

namespace zinit {

class ServiceLog;

/// Room for one read: large, so that a flood costs few system calls; and for the lines in it, which
/// go to the ring and the sinks some hundred at a time.
struct ReadBuffer {
  std::array<char, 65536> bytes;
  std::array<SplitLine, 512> lines;
  std::string joined;  // a line that began in an earlier read; at most a piece
};

/// The process that writes to a pair of pipes, 0 until it is there.
using PipeWriter = std::shared_ptr<std::atomic<pid_t>>;

/// The read end of one pipe of one process. Its log holds it until it has ended, the loop while it
/// is watched. The loop closes a descriptor that it has watched, and nobody else: libev may still
/// turn to the kernel about one after its watcher was stopped.
struct LogPipe {
  LogPipe(ServiceLog& owner, UniqueFd read_end, LogStream from, PipeWriter process)
      : log(owner), fd(std::move(read_end)), stream(from), writer(std::move(process)) {}

  ServiceLog& log;
  UniqueFd fd;  // does not block
  const LogStream stream;
  const PipeWriter writer;
  LineSplitter splitter;
  std::size_t read_bytes = sizeof(ReadBuffer::bytes);  // of the next read
  std::atomic<bool> ended{false};  // at its end, or given up; set under the lock
};

using LogPipePtr = std::shared_ptr<LogPipe>;

class ServiceLog {
 public:
  ServiceLog() = default;
  /// Of a log that is no service's.
  explicit ServiceLog(std::string_view name) : name_(name) {}
  ~ServiceLog();
  ServiceLog(const ServiceLog&) = delete;
  ServiceLog& operator=(const ServiceLog&) = delete;

  /// The name that sinks show, the ring's limits, and the sinks; counts of sinks that stay go on.
  void configure(std::string_view name, Ring::Limits limits,
                 const std::vector<std::shared_ptr<Sink>>& sinks) EXCLUDES(mutex_);

  /// Back to an empty log without pipes, sinks, taps or counts.
  void forget() noexcept EXCLUDES(mutex_);

  /// Stores a line of zinit's own, in the ring alone.
  void note(std::string_view line) noexcept EXCLUDES(mutex_);

  /// Stores a line that came by another way than a pipe, and gives it to the sinks; in pieces where
  /// it is longer than kMaxPiece.
  void take(LogStream stream, pid_t pid, std::int64_t time_us, std::string_view line)
      EXCLUDES(mutex_);

  /// From now on `tap` is given every line, where it wants those of this log. Again without effect.
  /// @return  the last `lines` lines before, as far as their cost fits into `bytes`, which it is
  ///          taken from; what does not fit adds to `left_out`.
  std::vector<LogLine> attach(const std::shared_ptr<LogTap>& tap, std::size_t lines,
                              std::size_t& bytes, std::uint64_t& left_out) EXCLUDES(mutex_);
  /// What the last `lines` lines take beside others that wait for somebody, about.
  [[nodiscard]] std::size_t cost(std::size_t lines) const EXCLUDES(mutex_);
  /// When it returns `tap` is given no more.
  void detach(const LogTap* tap) noexcept EXCLUDES(mutex_);

  void add_pipes(const LogPipePtr& out, const LogPipePtr& err) EXCLUDES(mutex_);

  /// Reads `pipe` once into the log. False where it has ended, by this read or before.
  [[nodiscard]] bool read(LogPipe& pipe, ReadBuffer& buffer) EXCLUDES(mutex_);

  /// Whether a sink wants reads to wait for a moment (Sink::wants_pause()).
  [[nodiscard]] bool wants_pause() const EXCLUDES(mutex_);

  /// Reads as much of `pipe` as lay in it at the call, and its end where that comes then.
  void drain(LogPipe& pipe, ReadBuffer& buffer) EXCLUDES(mutex_);

  /// Nothing more is read from `pipe`; what was read of a last line is stored.
  void end(LogPipe& pipe) noexcept EXCLUDES(mutex_);

  /// Closes the descriptor of a pipe that has ended. The loop alone.
  void close(LogPipe& pipe) noexcept EXCLUDES(mutex_);

  /// The pipes that are open; with `beyond` > 0 all but the newest `beyond`.
  [[nodiscard]] std::vector<LogPipePtr> pipes(std::size_t beyond = 0) const EXCLUDES(mutex_);

  /// As Ring::look_back().
  bool look_back(Ring::Place& place, std::size_t count, std::size_t bytes,
                 const std::function<bool(const Ring::View&)>& visit) const EXCLUDES(mutex_);
  [[nodiscard]] LogInfo info() const EXCLUDES(mutex_);
  /// Empty where it is nobody's.
  [[nodiscard]] std::string name() const EXCLUDES(mutex_);

 private:
  struct Output {
    std::shared_ptr<Sink> sink;
    DropCount dropped;
  };

  [[nodiscard]] ssize_t read_locked(LogPipe& pipe, ReadBuffer& buffer) REQUIRES(mutex_);
  void end_locked(LogPipe& pipe) REQUIRES(mutex_);
  void split_locked(LogPipe& pipe, std::size_t bytes, ReadBuffer& buffer) REQUIRES(mutex_);
  void store(const SinkBatch& batch) REQUIRES(mutex_);
  void store(const LogPipe& pipe, std::int64_t time_us, std::span<const SplitLine> lines)
      REQUIRES(mutex_);
  void tell_taps(const SinkBatch& batch) noexcept REQUIRES(mutex_);

  mutable FairMutex mutex_;
  Ring ring_ GUARDED_BY(mutex_){Ring::Limits{}};
  std::string name_ GUARDED_BY(mutex_);
  std::vector<Output> outputs_ GUARDED_BY(mutex_);
  std::vector<LogPipePtr> pipes_ GUARDED_BY(mutex_);  // oldest first
  std::vector<std::shared_ptr<LogTap>> taps_ GUARDED_BY(mutex_);
};

}  // namespace zinit
