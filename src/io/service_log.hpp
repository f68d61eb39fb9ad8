// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log of one service: its ring, the pipes that its processes write to, and its sinks, under one
// lock.
//
// A pipe is read by the thread of Capture when the pipe is readable, or if a client's request wants
// everything written so far. The system calls of a read are made without the log's lock, because
// they wait for a lock of the pipe. A process holds this lock while it writes, and for as long as
// it likes if it writes from memory mapped from a file whose server does not answer. So a request
// reads a pipe itself only if no process has the write end; otherwise it has Capture read the pipe.
// A request waits until another thread has read the pipe and stored the lines, so it never misses a
// line that was read before it; but it does not wait for a read that hangs (kHungRead), and until
// another thread has taken over, it misses what nobody could read.
//
// A crash of zinit between two steps loses no line and repeats none in the ring. Three things in
// memory files make this possible:
//
// - the read area (read_area.hpp): the bytes of the current read, the number of the read, the
//   number of the last line in the ring before it, and how many of its lines the sinks have;
// - the ring, whose lines are numbered (ring.hpp);
// - a fact for each pipe: the pid of its writer, the number of the last read that the fact
//   includes, and the beginning of an unfinished line;
//
// and a fact for a log that has left out lines beyond rate_lines.
//
// A read begins the area, calls read(2), stores the lines, saves the fact, and ends the area, in
// this order. If zinit crashes, the next image finds the area that has not ended. If the fact has
// the number of this read, the read was completely stored. Otherwise take_left() splits the bytes
// again, after the unfinished line of the fact, and skips lines whose numbers are in the ring. The
// first lines of a read are within rate_lines, so these are the numbered ones.
// Lines that sinks have go only to the ring. If zinit crashes while it gives a batch of lines to
// the sinks, those that have the batch already get it again.
//
// Threads: all functions of ServiceLog on any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "base/or_default.hpp"
#include "base/time.hpp"
#include "io/fair_mutex.hpp"
#include "io/log_pipe.hpp"
#include "io/log_store.hpp"
#include "io/read_area.hpp"
#include "io/ring.hpp"
#include "io/sink.hpp"
#include "io/splitter.hpp"
#include "state/state_facts.hpp"

namespace zinit {

/// Buffers for one read: large, so that a flood costs few system calls. Ring and sinks get the
/// lines of a read some hundred at a time.
struct ReadBuffer {
  /// `part`: see ReadArea.
  explicit ReadBuffer(std::uint8_t part) : area(part) {}

  ReadArea area;
  std::array<SplitLine, 512> lines;
  std::string joined;  // a line that began in an earlier read; at most two pieces
};

/// The settings of `[logging]` for the log itself.
struct LogRules {
  bool merge_stderr = false;
  std::uint32_t rate_lines = 0;  // 0: no limit
  Milliseconds rate_interval{1000};
};

/// A read of a pipe that takes longer than this hangs, perhaps for ever.
inline constexpr Milliseconds kHungRead{2000};

/// How much drain() reads.
enum class Drain : std::uint8_t {
  unheld,  // nothing while a sink holds the pipe
  all,     // everything: the pipe is given up
};

class ServiceLog {
 public:
  /// The log of `slot`, with the lines that the previous process image left.
  ServiceLog(RingMemory& memory, Slot slot);
  /// A log that belongs to no service.
  ServiceLog(RingMemory& memory, Slot slot, std::string_view name);
  ~ServiceLog();
  ServiceLog& operator=(ServiceLog&&) = delete;

  /// Sets the name that sinks show, the ring's limits, and the sinks. A sink that was set before
  /// keeps its count of dropped lines.
  /// @return  whether the log had another name, or none: then no tap knows that it wants this one
  [[nodiscard]] bool configure(std::string_view name, Ring::Limits limits, const LogRules& rules,
                               const std::vector<std::shared_ptr<Sink>>& sinks) EXCLUDES(mutex_);

  /// Whether the service's processes have one pipe for both streams.
  [[nodiscard]] bool merges_stderr() const EXCLUDES(mutex_);

  /// Continues the counts of the previous process image: SlotFact::dropped. Call after configure().
  void count_on(std::string_view dropped) EXCLUDES(mutex_);
  /// The same for the lines beyond rate_lines that it had left out and not logged.
  void leave_out_on(std::string_view left_out) EXCLUDES(mutex_);

  /// Drops lines, pipes, sinks, taps and counts.
  void forget() noexcept EXCLUDES(mutex_);

  /// Stores a line of zinit's own log, only in the ring.
  void note(std::string_view line) noexcept EXCLUDES(mutex_);
  /// The same for the end of a process. Skips the line if the newest 8 lines are all this one and
  /// the last of them is less than a minute old: a service that only crashes then fills no memory.
  void note_end(std::string_view line) noexcept EXCLUDES(mutex_);

  /// Stores a line that did not come through a pipe, and gives it to the sinks. A line longer than
  /// kMaxPiece is stored in pieces.
  /// @return  whether it was left out as a line beyond rate_lines: look_at_rate() is due
  bool take(LogStream stream, pid_t pid, std::int64_t time_us, std::string_view line)
      EXCLUDES(mutex_);

  /// From now on `tap` gets every line, if it wants the lines of this log. May be repeated.
  /// @return  the lines from `start` on, or as many as fit into `bytes`. Subtracts their size from
  ///          `bytes`, and adds to `left_out` how many did not fit or are not kept any more.
  std::vector<LogLine> attach(const std::shared_ptr<LogTap>& tap, const LogStart& start,
                              std::size_t& bytes, std::uint64_t& left_out) EXCLUDES(mutex_);
  /// Estimates the memory that the lines from `start` on take while they wait for a client.
  [[nodiscard]] std::size_t cost(const LogStart& start) const EXCLUDES(mutex_);
  /// After this returns, `tap` gets no more lines.
  void detach(const LogTap* tap) noexcept EXCLUDES(mutex_);

  void add_pipes(std::span<const LogPipePtr> pipes) EXCLUDES(mutex_);

  /// After a re-execution, before `pipe` is read: its unfinished line goes on in the sinks.
  void go_on(LogPipe& pipe) EXCLUDES(mutex_);
  /// After a re-execution: stores the lines of `left`, read from `pipe`, that are not stored yet.
  void take_left(LogPipe& pipe, LeftRead& left) EXCLUDES(mutex_);

  /// Reads `pipe` once into the log.
  struct ReadOnce {
    bool busy = false;      // another thread reads it; nothing was read
    bool ended = false;     // at the end, and nothing was read
    bool all = false;       // the read took everything in the pipe
    std::size_t found = 0;  // bytes in the pipe before
    bool later = false;     // look_again() has something to do later
  };
  [[nodiscard]] ReadOnce read(LogPipe& pipe, ReadBuffer& buffer) EXCLUDES(mutex_);

  /// Whether a sink wants reading to pause (Sink::wants_pause()).
  [[nodiscard]] bool wants_pause() const EXCLUDES(mutex_);

  /// Whether a sink holds `pipe`: do not read it then (Sink::holds()).
  [[nodiscard]] bool holds(const LogPipe& pipe) const EXCLUDES(mutex_);

  /// What a read of `pipe` would find. Does not wait for the lock of the pipe.
  enum class Unread : std::uint8_t {
    nothing,
    some,  // and a process that holds the pipe's lock may hang the reader
    rest,  // perhaps of 0 bytes, then the end: no process has the write end
  };
  [[nodiscard]] Unread unread(const LogPipe& pipe) const EXCLUDES(mutex_);

  /// Reads what is in `pipe` at the time of the call, and the end of file if it follows. Nothing if
  /// another thread's read of it hangs.
  void drain(LogPipe& pipe, ReadBuffer& buffer, Drain drain = Drain::unheld) EXCLUDES(mutex_);

  /// Stores the beginning of an unended line in the ring and for taps if it has not changed for
  /// kUnended. Logs how many lines were left out, once the interval of rate_lines is over.
  /// @return  when to call again for either; nothing: after the next read
  std::optional<Milliseconds> look_again(LogPipe& pipe, TimePoint now) EXCLUDES(mutex_);
  static constexpr Milliseconds kUnended{200};
  /// The second part of look_again(), for a log that may have no pipe: lines that take() has left
  /// out. Keeps in `facts` how many were not logged yet.
  std::optional<Milliseconds> look_at_rate(TimePoint now, StateFacts* facts) EXCLUDES(mutex_);

  /// Stops reading `pipe`. Stores a last line without newline. If no process has the write end,
  /// waits for a read under way.
  void end(LogPipe& pipe, ReadBuffer& buffer) EXCLUDES(mutex_);

  /// Closes the descriptor of a pipe that has ended, at the end of the read if another thread reads
  /// it. Only when the pipe is not watched any more. Waits for the lock of the pipe.
  void close(LogPipe& pipe) noexcept EXCLUDES(mutex_);

  /// The open pipes, except the newest `beyond` ones.
  [[nodiscard]] std::vector<LogPipePtr> pipes(std::size_t beyond = 0) const EXCLUDES(mutex_);

  /// See Ring::look_back().
  bool look_back(Ring::Place& place, std::size_t count, std::size_t bytes,
                 FunctionRef<bool(const Ring::View&)> visit) const EXCLUDES(mutex_);
  [[nodiscard]] LogInfo info() const EXCLUDES(mutex_);
  /// Never null.
  [[nodiscard]] LogOwner owner() const EXCLUDES(mutex_);
  /// Empty if no service has the log's slot.
  [[nodiscard]] std::string name() const { return *owner(); }

  /// Used by Capture: launches until it looks for pipes of ended processes.
  std::atomic<int> launches_to_look{0};

 private:
  struct Output {
    std::shared_ptr<Sink> sink;
    DropCount dropped;
  };
  /// Lines since the interval of rate_lines began.
  struct Rate {
    TimePoint until{};           // end of the interval
    std::uint32_t count = 0;     // lines in it
    std::uint64_t left_out = 0;  // lines beyond the limit, not logged yet
    std::uint64_t kept = 0;      // `left_out` as last kept
  };

  void note_locked(std::string_view line) noexcept REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t lines_from(const LogStart& start) const REQUIRES(mutex_);
  struct Got {
    ssize_t bytes;      // 0: the pipe has ended; -1: nothing to read now
    std::size_t found;  // bytes in the pipe before
  };
  [[nodiscard]] Got read_once(LogPipe& pipe, ReadBuffer& buffer) REQUIRES(mutex_);
  [[nodiscard]] bool await_read(LogPipe& pipe) REQUIRES(mutex_);
  [[nodiscard]] Unread unread_locked(const LogPipe& pipe) const REQUIRES(mutex_);
  void end_locked(LogPipe& pipe, ReadBuffer& buffer) REQUIRES(mutex_);
  [[nodiscard]] bool held(const LogPipe& pipe) const REQUIRES(mutex_);
  void take_read(LogPipe& pipe, ReadBuffer& buffer, std::size_t bytes) REQUIRES(mutex_);
  void split_locked(LogPipe& pipe, std::string_view bytes, ReadBuffer& buffer) REQUIRES(mutex_);
  void store(const SinkBatch& batch) REQUIRES(mutex_);
  [[nodiscard]] SinkBatch batch_of(const LogPipe& pipe, std::int64_t time_us,
                                   std::span<const SplitLine> lines) const REQUIRES(mutex_);
  void give_to_sinks(const SinkBatch& batch) noexcept REQUIRES(mutex_);
  static void leave(std::span<const Output> outputs, const void* source) noexcept;
  void leave(std::span<const Output> outputs) noexcept REQUIRES(mutex_);
  void tell_taps(const SinkBatch& batch) noexcept REQUIRES(mutex_);
  void keep_in_ring(const SinkBatch& batch) REQUIRES(mutex_);
  void keep_rest_in_ring(LogPipe& pipe, std::int64_t time_us, const SplitLine& line)
      REQUIRES(mutex_);
  [[nodiscard]] bool admits(bool& leaves_out, bool continues) REQUIRES(mutex_);
  void tell_left_out() REQUIRES(mutex_);
  void keep_left_out(StateFacts* facts) noexcept REQUIRES(mutex_);
  [[nodiscard]] std::optional<Milliseconds> look_at_rate_locked(TimePoint now, StateFacts* facts)
      REQUIRES(mutex_);

  const Slot slot_;
  mutable FairMutex mutex_;
  Ring ring_ GUARDED_BY(mutex_);
  LogOwner owner_ GUARDED_BY(mutex_);
  LogRules rules_ GUARDED_BY(mutex_);
  OrDefault<Rate> rate_ GUARDED_BY(mutex_);
  std::vector<Output> outputs_ GUARDED_BY(mutex_);
  std::vector<LogPipePtr> pipes_ GUARDED_BY(mutex_);  // oldest first
  OrDefault<LogTaps> taps_ GUARDED_BY(mutex_);
};

}  // namespace zinit
