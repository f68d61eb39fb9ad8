// Every service's log: takes what processes write and answers what clients ask. Its first four
// functions are those of the supervisor's OutputPort (supervisor/ports.hpp), which src/init joins
// to them: io knows nothing of the supervisor.
//
//   process --> pipe --> LogPipe (capture.hpp) --> ServiceLog (service_log.hpp) --> Ring
//                        on the data loop            one lock each              \-> sinks
//
// Nothing is lost between the last write of a process and its exit: pipes are read to their end
// whatever becomes of the process, and a reader of a log first takes in what lies in its pipes, by
// itself, under the log's lock. So look_back() after an exit shows all that the process wrote,
// however busy the data loop is.
//
// A process that a service left behind may hold its pipe for ever. Of one service the kOldPipes
// newest such pipes are kept; the oldest beyond them are drained and closed.
//
// Threads: every function but finish() and the destructor may be called by any thread. Each log has
// a lock of its own, held for the copying of one read (64 KiB) or one answer; no two of them are
// held at once, except that of zinit's own log inside any other (log.hpp's listener).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "io/loop.hpp"
#include "io/ring.hpp"
#include "io/sink_table.hpp"
#include "model/graph.hpp"
#include "model/spec.hpp"

namespace zinit {

class ServiceLog;

/// In place of a slot: the log named `zinit`, where zinit's own messages go, and the one named
/// `syslog`, for what no service has said to /dev/log. No service can have these names.
inline constexpr Slot kOwnLog = kNoSlot - 1;
inline constexpr Slot kSyslog = kNoSlot - 2;

/// Is given lines as they come. Implemented by control, for its clients' subscriptions.
class LogTap {
 public:
  virtual ~LogTap() = default;
  /// Whether it wants the lines of the log of that name; always the same answer. Any thread, locks
  /// held.
  [[nodiscard]] virtual bool wants(std::string_view name) const noexcept = 0;
  /// Lines, `first_seq` the first one's number in their log. Any thread, the log's lock held: only
  /// stores.
  virtual void take(const SinkBatch& batch, std::uint64_t first_seq) noexcept = 0;
};

/// A line and the log that it is of.
struct NamedLine {
  std::string service;
  LogLine line;
};

/// The last lines of several logs, in order of time.
struct LastLines {
  std::vector<NamedLine> lines;
  std::uint64_t left_out = 0;  // older ones, for want of room
};

/// What `status` shows of a log.
struct LogInfo {
  std::size_t lines = 0;        // kept now: log_lines
  std::uint64_t last_seq = 0;   // number of the last line that came, whether it is kept or not
  std::uint64_t dropped = 0;    // log_dropped: the sum of
  std::vector<std::pair<std::string, std::uint64_t>> dropped_by;  // by sink, those of the settings
};

/// The ends that a process writes to, close-on-exec and blocking; and where its pid is to be put
/// before it can write, for the sinks that show it.
struct LogPipes {
  UniqueFd out;
  UniqueFd err;
  std::shared_ptr<std::atomic<pid_t>> writer{};
};

class LogStore {
 public:
  /// The loop outlives the store, and runs or will run.
  LogStore(EventLoop& loop, LogSinks sinks);
  /// While no thread runs the loop.
  ~LogStore();
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  /// New pipes for the next process of the service in `slot`, whose read ends are followed from now
  /// on until their end. Errors are those of pipe2(2); EMFILE, ENFILE and ENOMEM are temporary.
  /// Does not block; locks of the caller's may be held.
  [[nodiscard]] Result<LogPipes> open_output(Slot slot);

  /// The service in `slot` is new or its settings changed: from now on its lines go by `spec`'s.
  /// Does not block; the board's lock may be held, here and below.
  void configure(Slot slot, const SpecPtr& spec);

  /// The service is gone and the slot may be given to another: its lines, pipes and counts go. What
  /// lies in the pipes still goes to the sinks. The numbers of lines go on.
  void forget(Slot slot);

  /// Shows `visit` lines from the newest on, in portions, so that no lock is held for long (see
  /// Ring::look_back()). Takes in what lies in pipes where `place` is a fresh one. `visit` is
  /// called with the log's lock held. Whatever it throws is passed on.
  bool look_back(Slot slot, Ring::Place& place, std::size_t count, std::size_t bytes,
                 const std::function<bool(const Ring::View&)>& visit);

  [[nodiscard]] LogInfo info(Slot slot);

  /// A message of /dev/log, of process `pid`, into the service's log, or kSyslog; it goes to sinks
  /// as well.
  void take_message(Slot slot, pid_t pid, std::int64_t time_us, std::string_view line);

  /// From now on `tap` is given the lines of the logs that it wants, also of those to come, until
  /// remove_tap(). It costs nothing where there is none. May throw std::bad_alloc: then the tap is
  /// to be removed.
  /// @return  the last `lines` of each before that, in order of time; where they are more than
  ///          `room` bytes together, each log has an equal share of that.
  [[nodiscard]] LastLines add_tap(const std::shared_ptr<LogTap>& tap, std::size_t lines,
                                  std::size_t room);
  /// When it returns `tap` is given no more.
  void remove_tap(const std::shared_ptr<LogTap>& tap) noexcept;

  /// Keeps zinit's own messages from now on in the log kOwnLog, each behind the word for its level.
  /// One store of a process may. While no other thread runs.
  void keep_own_log() noexcept;

  /// Log files are closed and opened anew, once what waits for them is written: they may have been
  /// renamed or removed. Any thread; does not block.
  void reopen_files() noexcept;

  /// Whether a thread is within a write that may hang; destroying this would wait for it.
  [[nodiscard]] bool busy() noexcept;

  /// At the end of zinit: takes in what lies in the pipes and has the sinks write what waits, each
  /// for `limit` at the longest. While no thread runs the loop.
  void finish(Milliseconds limit) noexcept;

  /// Pipes of earlier processes of one service that may be open beside those of the last.
  static constexpr std::size_t kOldPipes = 16;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zinit
