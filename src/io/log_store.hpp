// The logs of all services: stores what processes write and serves what clients ask for. The first
// three functions implement the supervisor's OutputPort: src/init forwards its calls to them.
//
//   process --> pipe --> LogPipe (capture.hpp) --> ServiceLog (service_log.hpp) --> Ring
//                        on the data loop            one lock each              \-> sinks
//
// Nothing that a process wrote before its exit is lost: pipes are read to their end whatever
// becomes of the process, and look_back() first reads what is still in the pipes. So a client that
// asks after an exit sees everything that the process wrote, however busy the data loop is; except
// for what a console that is not read holds back in the pipes (console_sink.hpp).
//
// A process that a service left behind may hold its pipe open for ever. For each service the
// kOldPipes newest such pipes are kept; older ones are drained and closed.
//
// Threads: every function but finish() and the destructor may be called by any thread. Each log has
// a lock of its own, held while one read (64 KiB) or one answer is copied. No thread holds two of
// them at once, except that logging with a log's lock held locks zinit's own log (base/log.hpp).
// "The board" below is the supervisor's table of services (supervisor/board.hpp).
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
#include "os/kept_descriptors.hpp"
#include "os/output_pipes.hpp"
#include "os/state_facts.hpp"

namespace zinit {

class ServiceLog;

/// Pseudo slots: the log named `zinit`, of zinit's own messages, and the one named `syslog`, of
/// messages on /dev/log that came from no service. No service can have these names.
inline constexpr Slot kOwnLog = kNoSlot - 1;
inline constexpr Slot kSyslog = kNoSlot - 2;

/// Receives lines as they come. Implemented by control, for its clients' subscriptions.
class LogTap {
 public:
  virtual ~LogTap() = default;
  /// Whether this tap wants the lines of the log `name`; the answer must not change. Any thread,
  /// with locks held.
  [[nodiscard]] virtual bool wants(std::string_view name) const noexcept = 0;
  /// `first_seq` is the number of the first line in its log. Any thread, with the log's lock held:
  /// it should only store the lines.
  virtual void take(const SinkBatch& batch, std::uint64_t first_seq) noexcept = 0;
};

/// A line and the name of its log.
struct NamedLine {
  std::string service;
  LogLine line;
};

/// The last lines of several logs, sorted by time.
struct LastLines {
  std::vector<NamedLine> lines;
  std::uint64_t left_out = 0;  // older lines that did not fit
};

/// What `status` shows of a log.
struct LogInfo {
  std::size_t lines = 0;       // `log_lines`: in the ring now
  std::uint64_t last_seq = 0;  // number of the newest line, whether it is still in the ring or not
  std::uint64_t dropped = 0;   // `log_dropped`: the sum of dropped_by
  std::vector<std::pair<std::string, std::uint64_t>> dropped_by;  // for each configured sink
};

class LogStore {
 public:
  /// The loop must outlive the store. It runs, or will run. The logs have the lines that an image
  /// before has left in `inherited`, and sinks those that waited for them, as `before` has it. What
  /// the next image has to know is kept in `facts`, which may be null and outlives this.
  LogStore(EventLoop& loop, LogSinks sinks, Inheritance* inherited = nullptr,
           StateFacts* facts = nullptr, const FactMap& before = {});
  /// Destroy it while no thread runs the loop.
  ~LogStore();
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  /// Makes pipes for the next process of the service in `slot`, and reads them until their end.
  /// Errors are those of pipe2(2); EMFILE, ENFILE and ENOMEM are temporary. Does not block; the
  /// caller may hold locks.
  /// @param tail  gets the lines as well, if it is not null.
  [[nodiscard]] Result<OutputPipes> open_output(Slot slot, const OutputTailPtr& tail = nullptr);
  /// Reads what is in the pipes of the service in `slot` now. Any thread; does not block.
  void take_in(Slot slot);

  /// After a re-execution, when all services are configured: reads on from the pipes that the image
  /// before has left, where that has stopped.
  void take_over_pipes(Inheritance& inherited, const FactMap& facts);

  /// Uses the settings of `spec` for the service in `slot`, which is new or has changed. Does not
  /// block; the caller may hold the board's lock, here and below.
  void configure(Slot slot, const SpecPtr& spec);

  /// The service was removed, and its slot may be reused: drops its lines, pipes and counts. What
  /// is in the pipes still goes to the sinks. Line numbers are not reset.
  void forget(Slot slot);

  /// Like Ring::look_back(); ask for a small portion at a time, since the log's lock is held. Reads
  /// the pipes first if `place` is a new one. `visit` is called with the lock held; its exceptions
  /// are passed on.
  bool look_back(Slot slot, Ring::Place& place, std::size_t count, std::size_t bytes,
                 const std::function<bool(const Ring::View&)>& visit);

  [[nodiscard]] LogInfo info(Slot slot);

  /// Adds a line of zinit's own to the log of `slot`, behind what its pipes hold now, unless the
  /// newest line there is the same one. It goes to the ring and to subscriptions, not to the sinks.
  /// Nothing, if there is no such log.
  void note(Slot slot, std::string_view line);

  /// Stores a message that process `pid` sent to /dev/log, in the log of `slot` (or kSyslog) and
  /// its sinks.
  void take_message(Slot slot, pid_t pid, std::int64_t time_us, std::string_view line);

  /// From now on `tap` gets the lines of the logs that it wants, also of logs made later, until
  /// remove_tap(). May throw std::bad_alloc; then the tap is not added.
  /// @return  the last `lines` lines that each log had before, sorted by time; if they take more
  ///          than `room` bytes together, each log has an equal share of `room`.
  [[nodiscard]] LastLines add_tap(const std::shared_ptr<LogTap>& tap, std::size_t lines,
                                  std::size_t room);
  /// Once this has returned, `tap` gets no more lines.
  void remove_tap(const std::shared_ptr<LogTap>& tap) noexcept;

  /// From now on stores zinit's own messages in the log kOwnLog, each prefixed by its level. Only
  /// one store of a process may do so. Call it before other threads start.
  void keep_own_log() noexcept;

  /// Has all log files closed and opened again, since they may have been renamed or removed. Lines
  /// that wait are written to the old files first. Any thread; does not block.
  /// @return  a ticket for reopened()
  std::uint64_t reopen_files() noexcept;
  /// Whether all that the call which returned `ticket` has asked for is done; 0: nothing was asked
  /// for. A file of a file system that hangs may never be done. Any thread; does not block.
  [[nodiscard]] bool reopened(std::uint64_t ticket) noexcept;
  /// Has `told` called on another thread whenever a file was opened again. Before threads start;
  /// it must be callable until the store is destroyed.
  void on_reopened(std::function<void()> told);

  /// Reads what is in all pipes, for the rings, the taps and the sinks. Any thread; does not block.
  void read_pipes() noexcept;

  /// Has `done` called on the loop's thread, when the loop has handled all that was ready before
  /// this call (IdleWatcher) and all pipes have been read. It may never be, while a service floods.
  /// Any thread; does not block. Fails with ENOMEM or EAGAIN, or throws std::bad_alloc; then `done`
  /// is not called.
  [[nodiscard]] Result<void> when_read(std::function<void()> done);

  /// Whether a thread is within a write that may hang; the destructor would wait for it.
  [[nodiscard]] bool busy() noexcept;

  /// At the end of zinit: reads what is in the pipes and has each sink write the lines that wait,
  /// for at most `limit`. Call it while no thread runs the loop.
  void finish(Milliseconds limit) noexcept;
  /// At the end of a container or standalone server, before finish(): has the console print what
  /// waits for it and what it holds back in pipes, as long as somebody reads, for at most `limit`.
  /// Logs what was not printed. Call it while no thread runs the loop.
  void finish_consoles(Milliseconds limit) noexcept;
  /// After finish(), for a re-execution: has the next image find the lines that wait for sinks
  /// still, and how many were dropped. With `keep` false the lines are taken back: they are to be
  /// delivered by this image after all.
  void keep_left(bool keep) noexcept;

  /// How many pipes of earlier processes of one service are kept open.
  static constexpr std::size_t kOldPipes = 16;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zinit
