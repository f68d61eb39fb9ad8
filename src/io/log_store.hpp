// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The logs of all services: stores what processes write, and answers clients' requests. The first
// three functions implement the supervisor's OutputPort: src/server forwards its calls to them.
//
//   process --> pipe --> LogPipe (capture.hpp) --> ServiceLog (service_log.hpp) --> Ring
//                        on a thread of its own    one lock each        \-> sinks
//
// Nothing that a process wrote before its exit is lost: each pipe is read to its end in any case,
// and look_back() first reads what is still in the pipes. So a client that asks after an exit sees
// everything that the process wrote, even if that thread is busy. The exception: text that an
// unread console holds back in the pipes (console_sink.hpp).
//
// A process that a service left behind may hold its pipe open for ever. Each service keeps the
// kOldPipes newest such pipes; older ones are drained and closed. A service with thousands of
// processes may keep more for a while, a quarter of its processes' pipes.
//
// Threads: all functions on any thread, unless a comment restricts them. Each log has its own lock,
// held while one read (64 KiB) or one answer is copied. No thread holds two of them at once, with
// one exception: logging while a log's lock is held takes the lock of zinit's own log
// (base/log.hpp). "The board" below is the supervisor's table of services (supervisor/board.hpp).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/function_ref.hpp"
#include "io/loop.hpp"
#include "io/ring.hpp"
#include "io/sink_table.hpp"
#include "model/graph.hpp"
#include "model/spec.hpp"
#include "os/output_pipes.hpp"
#include "state/kept_descriptors.hpp"
#include "state/state_facts.hpp"

namespace zinit {

class ServiceLog;

/// Pseudo slots: the log `zinit` of zinit's own messages, and the log `syslog` of messages on
/// /dev/log that came from no service. No service can have these names.
inline constexpr Slot kOwnLog = kNoSlot - 1;
inline constexpr Slot kSyslog = kNoSlot - 2;

/// Receives lines as they arrive. Implemented by control for its clients' subscriptions.
class LogTap {
 public:
  virtual ~LogTap() = default;
  /// Whether this tap wants the lines of the log `name`. The answer must not change. Any thread,
  /// with locks held.
  [[nodiscard]] virtual bool wants(std::string_view name) const noexcept = 0;
  /// `first_seq` is the number of the first line in its log. Any thread, with the log's lock held,
  /// so only store the lines.
  virtual void take(const SinkBatch& batch, std::uint64_t first_seq) noexcept = 0;
};

/// Taps that are added, found and removed in logarithmic time: a client may have many.
struct TapOrder {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const noexcept {
    return std::less<const LogTap*>()(std::to_address(a), std::to_address(b));
  }
};
using LogTaps = std::set<std::shared_ptr<LogTap>, TapOrder>;

/// Where a tap begins in each log.
struct LogStart {
  std::size_t lines = 0;                                      // with the last lines, this many
  std::map<std::string, std::uint64_t, std::less<>> after{};  // by log: after this line instead
};

/// A line and the name of its log.
struct NamedLine {
  std::string service;
  LogLine line;
};

/// The last lines of several logs, sorted by time.
struct LastLines {
  std::vector<NamedLine> lines;
  std::uint64_t left_out = 0;  // lines that did not fit, or are not kept any more
};

/// What `status` shows of a log.
struct LogInfo {
  std::size_t lines = 0;       // `log_lines`: in the ring now
  std::uint64_t last_seq = 0;  // number of the newest line, even if it has left the ring
  std::uint64_t dropped = 0;   // `log_dropped`: the sum of dropped_by
  std::vector<std::pair<std::string, std::uint64_t>> dropped_by;  // for each configured sink
  std::vector<std::string> faults;  // why sinks can deliver nothing now
};

class LogStore {
 public:
  /// The loop must outlive the store. It runs or will run. Logs get the lines that the previous
  /// image left in `inherited`. What the next image must know is kept in `facts`, which may be null
  /// and outlives this object.
  LogStore(EventLoop& loop, LogSinks sinks, Inheritance* inherited = nullptr,
           StateFacts* facts = nullptr);
  /// Only while no thread runs the loop.
  ~LogStore();
  LogStore& operator=(LogStore&&) = delete;

  /// Starts to read pipes on a thread of its own. Until then those who ask for lines read them
  /// themselves; after stop_reading() nobody does. Errors: no descriptors, memory or threads;
  /// temporary.
  [[nodiscard]] Result<void> start();

  /// Makes pipes for the next process of the service in `slot`, and reads them until their end.
  /// Errors: those of pipe2(2). EMFILE, ENFILE and ENOMEM are temporary. Does not block. The caller
  /// may hold locks.
  /// @param tail  also gets the lines, unless null
  [[nodiscard]] Result<OutputPipes> open_output(Slot slot, const OutputTailPtr& tail = nullptr);
  /// Reads what is in the service's pipes now. If a process holds the lock of a pipe, waits for
  /// kHungRead at most. Any thread.
  void take_in(Slot slot);

  /// After a re-execution, when all services are configured: continues the counts of lost lines,
  /// and reads the pipes that the previous image left, from where it stopped.
  void take_over(Inheritance& inherited, const FactMap& facts);

  /// Applies the settings of `spec` to the service in `slot`, which is new or has changed. Does not
  /// block. Here and below the caller may hold the board's lock.
  void configure(Slot slot, const SpecPtr& spec);

  /// The service was removed, and its slot may be reused: drops its lines, pipes and counts. If its
  /// processes are gone, text still in the pipes goes to the sinks. Line numbers continue. Does not
  /// block.
  void forget(Slot slot);

  /// Like Ring::look_back(). Ask for a small portion at a time, because the log's lock is held. If
  /// `place` is new, first calls take_in(). `visit` is called with the lock held. Its exceptions
  /// are passed on.
  bool look_back(Slot slot, Ring::Place& place, std::size_t count, std::size_t bytes,
                 FunctionRef<bool(const Ring::View&)> visit);

  [[nodiscard]] LogInfo info(Slot slot);

  /// Adds a line of zinit's own to the log of `slot`, after take_in(), as ServiceLog::note_end()
  /// does. The line goes to the ring and to subscriptions, not to sinks.
  /// Does nothing if there is no such log.
  void note(Slot slot, std::string_view line);

  /// Stores a message that process `pid` sent to /dev/log, in the log of `slot` (or kSyslog) and
  /// its sinks.
  void take_message(Slot slot, pid_t pid, std::int64_t time_us, std::string_view line);

  /// From now on until remove_tap(), `tap` gets the lines of the logs that it wants, also of logs
  /// made later. May throw std::bad_alloc; the tap is not added then.
  /// @return  the lines of each log before this call from `start` on, sorted by time. If they take
  ///          more than `room` bytes together, each log has an equal share of `room`.
  [[nodiscard]] LastLines add_tap(const std::shared_ptr<LogTap>& tap, const LogStart& start,
                                  std::size_t room);
  /// After this returns, `tap` gets no more lines.
  void remove_tap(const std::shared_ptr<LogTap>& tap) noexcept;

  /// From now on stores zinit's own messages in the log kOwnLog, each with its level as prefix.
  /// Only one store of a process may do so. Call before other threads start.
  void keep_own_log() noexcept;

  /// Closes and reopens all log files, because they may have been renamed or removed. Waiting lines
  /// are written to the old files first. Any thread. Does not block.
  /// @return  a ticket for reopened()
  std::uint64_t reopen_files() noexcept;
  /// Whether the call that returned `ticket` has done everything; 0: there was no call. A file on a
  /// hanging file system may never be done. Any thread. Does not block.
  [[nodiscard]] bool reopened(std::uint64_t ticket) noexcept;
  /// `told` is called on another thread whenever a file was reopened. Call before threads start.
  /// `told` must stay callable until the store is destroyed.
  void on_reopened(std::function<void()> told);

  /// Reads what is in all pipes, for rings, taps and sinks. Any thread. Waits for kHungRead at
  /// most.
  void read_pipes() noexcept;

  /// Calls `done` on the loop's thread when the loop has handled everything that was ready before
  /// this call (IdleWatcher) and has read all pipes. If a service floods, this may never happen.
  /// Any thread. Does not block. Fails with ENOMEM or EAGAIN, or throws std::bad_alloc; `done` is
  /// not called then.
  [[nodiscard]] Result<void> when_read(std::function<void()> done);

  /// Whether a thread is inside a read or write that may hang. The destructor would wait for it.
  [[nodiscard]] bool busy() noexcept;
  /// What zinit's threads hang in, so that execve(2) would wait for them: a log file that does not
  /// answer (FileWriters::hanging()), or the lock of a pipe. For a message; empty if nothing hangs.
  [[nodiscard]] std::string hanging();

  /// At the end of zinit: reads the pipes for the last time, and waits at most `limit` for the end
  /// of the threads that do this. @return  false if one has not ended: the destructor would wait
  [[nodiscard]] bool stop_reading(Milliseconds limit) noexcept;
  /// At the end of zinit, after stop_reading(): makes each sink write its waiting lines, for at
  /// most `limit`. Only while no thread runs the loop.
  void finish(Milliseconds limit) noexcept;
  /// At the end of a container or standalone server, before stop_reading(): makes the console print
  /// what waits for it and what it holds back in pipes, as long as somebody reads, for at most
  /// `limit`. Logs how much was not printed. Only while no thread runs the loop.
  void finish_consoles(Milliseconds limit) noexcept;
  /// After finish(), if there is no next image: reads pipes and writes log files again.
  void go_on() noexcept;
  /// For a re-execution, after finish(): passes the counts of lines that were dropped, or left out,
  /// to the next image.
  void keep_dropped() noexcept;

  /// How many pipes of earlier processes of one service are kept open.
  static constexpr std::size_t kOldPipes = 16;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zinit
