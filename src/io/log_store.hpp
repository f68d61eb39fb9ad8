// Every service's log: takes what processes write and answers what clients ask. Its first four
// functions are those of the supervisor's OutputPort (supervisor/ports.hpp), which src/init joins
// to them: io knows nothing of the supervisor.
//
//   process --> pipe --> LogPipe (capture.hpp) --> ServiceLog (service_log.hpp) --> Ring
//                        on the data loop            one lock each              \-> sinks
//
// Nothing is lost between the last write of a process and its exit: pipes are read to their end
// whatever becomes of the process, and a reader of a log first takes in what lies in its pipes, by
// itself, under the log's lock. So tail() after an exit shows all that the process wrote, however
// busy the data loop is.
//
// A process that a service left behind may hold its pipe for ever. Of one service the kOldPipes
// newest such pipes are kept; the oldest beyond them are drained and closed.
//
// Threads: every function but finish() and the destructor may be called by any thread. Each log has
// a lock of its own, held for the copying of one read (64 KiB) or one answer; no two of them are
// held at once, except that of zinit's own log inside any other (log.hpp's listener).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "io/loop.hpp"
#include "io/ring.hpp"
#include "io/sink.hpp"
#include "model/graph.hpp"
#include "model/spec.hpp"

namespace zinit {

class ServiceLog;

/// In place of a slot: the log named `zinit`, where zinit's own messages go.
inline constexpr Slot kOwnLog = kNoSlot - 1;

/// Is told that lines came to a log that somebody follows. Implemented by control: wakes its loop.
class LinesPort {
 public:
  virtual ~LinesPort() = default;
  /// Once a read or note, no lock held. Any thread: does not block, cheap when repeated.
  virtual void lines_arrived() noexcept = 0;
};

/// What `status` shows of a log.
struct LogInfo {
  std::size_t lines = 0;        // kept now: log_lines
  std::uint64_t last_seq = 0;   // number of the last line that came, whether it is kept or not
  std::uint64_t dropped = 0;    // log_dropped: the sum of
  std::vector<std::pair<std::string, std::uint64_t>> dropped_by;  // by sink, those of the settings
};

/// The ends that a process writes to, close-on-exec and blocking.
struct LogPipes {
  UniqueFd out;
  UniqueFd err;
};

/// The sinks that [logging] can switch on; null where one cannot be had: its lines count as
/// dropped.
struct LogSinks {
  std::shared_ptr<Sink> kmsg;
  std::shared_ptr<Sink> console;
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

  /// The service is gone and the slot may be given to another: its lines, pipes and counts go. The
  /// numbers of lines go on.
  void forget(Slot slot);

  /// A line of zinit's own into the service's log (stream "zinit"). To the ring alone: zinit's own
  /// log shows it on the console already.
  void note(Slot slot, std::string_view line);

  /// The last `lines` kept, oldest first, all that the service has written until now among them.
  /// Empty for a slot without a log. May throw std::bad_alloc.
  [[nodiscard]] std::vector<LogLine> tail(Slot slot, std::size_t lines);

  /// The oldest `lines` of those kept that came after number `seq`, oldest first: the next portion
  /// for a follower whose last line was `seq`. A gap in the numbers is what it missed. Reads no
  /// pipe: a flood is the data loop's work, which tells when there is more. May throw
  /// std::bad_alloc.
  [[nodiscard]] std::vector<LogLine> since(Slot slot, std::uint64_t seq, std::size_t lines);

  /// Takes in what the service's processes have written, as tail() does by itself.
  void drain(Slot slot);

  [[nodiscard]] LogInfo info(Slot slot);

  /// Who is told of lines that came; null: nobody. Must stay valid until another is set.
  void set_lines_port(LinesPort* port) noexcept;

  /// From now on lines of `slot` are told to the LinesPort, until unfollow() was called as often.
  /// Belongs to the slot: it stays over forget(). Costs nothing where nobody follows.
  void follow(Slot slot);
  void unfollow(Slot slot);

  /// Keeps zinit's own messages from now on in the log kOwnLog, each behind the word for its level.
  /// One store of a process may. While no other thread runs.
  void keep_own_log() noexcept;

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
