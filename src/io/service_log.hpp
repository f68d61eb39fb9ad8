// The log of one service: its ring, the pipes that its processes write to, and the sinks of its
// settings, under one lock.
//
// A pipe is read under that lock: by the data loop when it is readable, or by a client's request
// that wants everything written so far. In both cases the lines are in the ring before the lock is
// released, so a request never misses a line that was read before it.
//
// Threads: every function of ServiceLog may be called by any thread; its log's lock guards the
// members of a LogPipe that change.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "io/fair_mutex.hpp"
#include "io/log_store.hpp"
#include "io/read_area.hpp"
#include "io/ring.hpp"
#include "io/sink.hpp"
#include "io/splitter.hpp"
#include "os/output_pipes.hpp"
#include "os/state_facts.hpp"

namespace zinit {

class ServiceLog;

/// Buffers for one read: large, so that a flood costs few system calls. The lines of a read go to
/// the ring and the sinks some hundred at a time.
struct ReadBuffer {
  /// See ReadArea.
  explicit ReadBuffer(std::uint8_t part) : area(part) {}

  ReadArea area;
  std::array<SplitLine, 512> lines;
  std::string joined;  // a line that began in an earlier read; at most a piece
};

/// The pid of the process that writes to a pair of pipes, 0 until it exists.
using PipeWriter = std::shared_ptr<std::atomic<pid_t>>;

/// The read end of one pipe of one process. Owned by its log until the pipe has ended, and by
/// Capture while it watches the pipe. Only the loop's thread closes the descriptor (see IoWatcher).
struct LogPipe {
  LogPipe(ServiceLog& owner, KeptFd read_end, LogStream from, PipeWriter process,
          StateFacts* kept_in = nullptr, std::string held = {})
      : log(owner),
        fd(std::move(read_end)),
        stream(from),
        writer(std::move(process)),
        facts(kept_in),
        splitter(std::move(held)) {}

  /// Has the next image know who writes to it, and the beginning of a line whose end has not come
  /// yet; `read` is the last read that this is after.
  void keep(std::uint64_t read) noexcept;
  /// The same for a pipe that is closed.
  void keep_nothing() noexcept;

  ServiceLog& log;
  KeptFd fd;  // non-blocking
  const LogStream stream;
  const PipeWriter writer;
  StateFacts* const facts;  // null: nothing is kept
  OutputTailPtr tail;       // gets the lines, too; mostly null
  LineSplitter splitter;
  std::size_t shown = 0;        // bytes of what the splitter holds that the ring has already
  TimePoint held_since{};       // when the first of it came that is not shown
  bool unended = false;         // it ended without a newline behind the last line
  bool leaves_out = false;      // the line under way is too many (LogRules::rate_lines)
  std::uint64_t kept_read = 0;  // as it was kept last
  pid_t kept_writer = *writer;  // as it was kept last, maybe by the previous process image
  bool kept_held = !splitter.held().empty();  // something was held then
  std::size_t read_bytes = ReadArea::kBytes;  // size of the next read
  std::atomic<bool> ended{false};             // end of file, or given up; set under the lock

  // Used by Capture alone, on the loop's thread.
  TimePoint read_at{};         // the last read
  TimePoint no_pause_until{};  // a pause would hold up the process
  bool paused = false;         // for lines to gather, and not read since
  bool tried_wide = false;     // a larger size was asked for
  int capacity = 0;            // in bytes, once it is known
};

using LogPipePtr = std::shared_ptr<LogPipe>;

/// What LogPipe::keep() keeps, and under which key.
struct PipeFact {
  pid_t writer = 0;
  std::size_t shown = 0;  // see LogPipe
  std::uint64_t read = 0;
  std::string held;
};
[[nodiscard]] std::string pipe_key(int pipe);
/// Nothing is known of a pipe without a fact.
[[nodiscard]] PipeFact pipe_fact(const FactMap& facts, int pipe);

/// What `[logging]` says of a log itself.
struct LogRules {
  bool merge_stderr = false;
  std::uint32_t rate_lines = 0;  // 0: without limit
  Milliseconds rate_interval{1000};
};

/// How much drain() reads.
enum class Drain : std::uint8_t {
  unheld,  // nothing while a sink holds the pipe
  all,     // the pipe is given up
};

class ServiceLog {
 public:
  /// The log of `slot`, with the lines that the previous process image has left for it.
  ServiceLog(RingMemory& memory, Slot slot) : ring_(Ring::Limits{}, memory, slot) {}
  /// A log that belongs to no service.
  ServiceLog(RingMemory& memory, Slot slot, std::string_view name)
      : ring_(Ring::Limits{}, memory, slot), name_(name) {}
  ~ServiceLog();
  ServiceLog(const ServiceLog&) = delete;
  ServiceLog& operator=(const ServiceLog&) = delete;

  /// Sets the name that sinks show, the ring's limits, and the sinks. Sinks that were set before
  /// keep their counts of dropped lines.
  void configure(std::string_view name, Ring::Limits limits, const LogRules& rules,
                 const std::vector<std::shared_ptr<Sink>>& sinks) EXCLUDES(mutex_);

  /// Whether the processes of the service have one pipe for both streams.
  [[nodiscard]] bool merges_stderr() const EXCLUDES(mutex_);

  /// Counts on where the previous process image has stopped: "SINK COUNT\n" for each sink. After
  /// configure().
  void count_on(std::string_view dropped) EXCLUDES(mutex_);

  /// Drops lines, pipes, sinks, taps and counts.
  void forget() noexcept EXCLUDES(mutex_);

  /// Stores a line of zinit's own log, in the ring only.
  void note(std::string_view line) noexcept EXCLUDES(mutex_);
  /// The same for the end of a process, unless the newest 8 lines are all this one and the last of
  /// them is no older than a minute: a service that does nothing but crash fills no memory.
  void note_end(std::string_view line) noexcept EXCLUDES(mutex_);

  /// Stores a line that did not come by a pipe, and gives it to the sinks; in pieces if it is
  /// longer than kMaxPiece.
  void take(LogStream stream, pid_t pid, std::int64_t time_us, std::string_view line)
      EXCLUDES(mutex_);

  /// From now on `tap` gets every line, if it wants the lines of this log. May be repeated.
  /// @return  the last `lines` lines before that, or as many as fit into `bytes`. Subtracts from
  ///          `bytes` what they take, and adds to `left_out` how many do not fit.
  std::vector<LogLine> attach(const std::shared_ptr<LogTap>& tap, std::size_t lines,
                              std::size_t& bytes, std::uint64_t& left_out) EXCLUDES(mutex_);
  /// Estimates the memory that the last `lines` lines take while they wait for a client.
  [[nodiscard]] std::size_t cost(std::size_t lines) const EXCLUDES(mutex_);
  /// Once this has returned, `tap` gets no more lines.
  void detach(const LogTap* tap) noexcept EXCLUDES(mutex_);

  void add_pipes(std::span<const LogPipePtr> pipes) EXCLUDES(mutex_);

  /// After a re-execution: stores what of `left`, which was read from `pipe`, is not stored yet.
  void take_left(LogPipe& pipe, const LeftRead& left) EXCLUDES(mutex_);

  /// Reads `pipe` once into the log.
  struct ReadOnce {
    bool ended;         // and nothing was read
    bool all;           // what was in it
    std::size_t found;  // bytes in it before
    bool later;         // look_again() has something to do later
  };
  [[nodiscard]] ReadOnce read(LogPipe& pipe, ReadBuffer& buffer) EXCLUDES(mutex_);

  /// Whether a sink wants reading to pause (Sink::wants_pause()).
  [[nodiscard]] bool wants_pause() const EXCLUDES(mutex_);

  /// Whether a sink holds `pipe`, which must not be read then (Sink::holds()).
  [[nodiscard]] bool holds(const LogPipe& pipe) const EXCLUDES(mutex_);

  /// Reads what is in `pipe` at the time of the call, and the end of file if it follows.
  void drain(LogPipe& pipe, ReadBuffer& buffer, Drain drain = Drain::unheld) EXCLUDES(mutex_);

  /// Stores what has come of a line that is not ended, as it stands, in the ring and for taps, if
  /// it has not changed for kUnended; and tells how many lines were left out, once the time of
  /// rate_lines is over.
  /// @return  how long nothing of that is to be done; nothing: until the next read
  std::optional<Milliseconds> look_again(LogPipe& pipe, TimePoint now) EXCLUDES(mutex_);
  static constexpr Milliseconds kUnended{200};

  /// Stops reading `pipe`. A last line without newline is stored.
  void end(LogPipe& pipe, ReadBuffer& buffer) EXCLUDES(mutex_);

  /// Closes the descriptor of a pipe that has ended. The loop's thread only.
  void close(LogPipe& pipe) noexcept EXCLUDES(mutex_);

  /// The open pipes; with `beyond` > 0 without the newest `beyond`.
  [[nodiscard]] std::vector<LogPipePtr> pipes(std::size_t beyond = 0) const EXCLUDES(mutex_);

  /// See Ring::look_back().
  bool look_back(Ring::Place& place, std::size_t count, std::size_t bytes,
                 const std::function<bool(const Ring::View&)>& visit) const EXCLUDES(mutex_);
  [[nodiscard]] LogInfo info() const EXCLUDES(mutex_);
  /// Empty if no service has the log's slot.
  [[nodiscard]] std::string name() const EXCLUDES(mutex_);

 private:
  struct Output {
    std::shared_ptr<Sink> sink;
    DropCount dropped;
  };

  void note_locked(std::string_view line) noexcept REQUIRES(mutex_);
  [[nodiscard]] ssize_t read_locked(LogPipe& pipe, ReadBuffer& buffer, std::size_t found)
      REQUIRES(mutex_);
  void end_locked(LogPipe& pipe, ReadBuffer& buffer) REQUIRES(mutex_);
  [[nodiscard]] bool held(const LogPipe& pipe) const REQUIRES(mutex_);
  void take_read(LogPipe& pipe, ReadBuffer& buffer, std::size_t bytes) REQUIRES(mutex_);
  void split_locked(LogPipe& pipe, std::string_view bytes, ReadBuffer& buffer) REQUIRES(mutex_);
  void store(const SinkBatch& batch) REQUIRES(mutex_);
  void store(const LogPipe& pipe, std::int64_t time_us, std::span<const SplitLine> lines)
      REQUIRES(mutex_);
  void tell_taps(const SinkBatch& batch) noexcept REQUIRES(mutex_);
  void keep_in_ring(const SinkBatch& batch) REQUIRES(mutex_);
  void store_rest(LogPipe& pipe, std::int64_t time_us, const SplitLine& line) REQUIRES(mutex_);
  [[nodiscard]] bool admits(bool& leaves_out, bool continues) REQUIRES(mutex_);
  void tell_left_out() REQUIRES(mutex_);

  mutable FairMutex mutex_;
  Ring ring_ GUARDED_BY(mutex_);
  std::string name_ GUARDED_BY(mutex_);
  TimePoint noted_at_ GUARDED_BY(mutex_);           // the last line of note_end()
  int noted_in_a_row_ GUARDED_BY(mutex_) = 0;       // so often
  std::uint64_t noted_seq_ GUARDED_BY(mutex_) = 0;  // of that
  std::size_t noted_hash_ GUARDED_BY(mutex_) = 0;   // of its text
  LogRules rules_ GUARDED_BY(mutex_);
  TimePoint rate_until_ GUARDED_BY(mutex_){};        // the end of the interval that counts now
  std::uint32_t rate_count_ GUARDED_BY(mutex_) = 0;  // lines in it
  std::uint64_t left_out_ GUARDED_BY(mutex_) = 0;    // lines that were too many, to be told
  std::vector<Output> outputs_ GUARDED_BY(mutex_);
  std::vector<LogPipePtr> pipes_ GUARDED_BY(mutex_);  // oldest first
  std::vector<std::shared_ptr<LogTap>> taps_ GUARDED_BY(mutex_);
};

}  // namespace zinit
