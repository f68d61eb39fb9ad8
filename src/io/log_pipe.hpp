// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A pipe to which a process writes its output, and what the next image must know of it.
//
// Threads: the lock of the pipe's log guards the members of a LogPipe that change
// (service_log.hpp).
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "io/ring.hpp"
#include "io/splitter.hpp"
#include "os/output_pipes.hpp"
#include "state/kept_descriptors.hpp"
#include "state/state_facts.hpp"

namespace zinit {

class ServiceLog;

/// The name of the service that a log belongs to; empty: none. If the slot gets another service,
/// perhaps of the same name, the log gets another owner: compare the pointers.
using LogOwner = std::shared_ptr<const std::string>;

/// The pid of the process that writes to a pair of pipes; 0 until the process exists.
using PipeWriter = std::shared_ptr<std::atomic<pid_t>>;

/// The read end of one pipe of one process. Its log owns it until the pipe has ended, and so does
/// Capture while it watches the pipe. See ServiceLog::close() for the descriptor.
struct LogPipe {
  /// Takes the lock of `to`.
  LogPipe(ServiceLog& to, KeptFd read_end, LogStream from, PipeWriter process,
          StateFacts* kept_in = nullptr, std::string held = {});

  /// Keeps for the next image which process writes to the pipe, and the beginning of an unfinished
  /// line. `read` is the number of the last read that this includes.
  void keep(std::uint64_t read) noexcept;
  /// Removes what keep() has kept, for a pipe that is closed.
  void keep_nothing() noexcept;

  ServiceLog& log;
  const LogOwner owner;     // of the log, when the pipe was made
  StateFacts* const facts;  // null: nothing is kept
  const PipeWriter writer;
  OutputTailPtr tail;  // also gets the lines; usually null
  LineSplitter splitter;
  // When the first byte came that is not shown yet, or when this image has taken the pipe over.
  TimePoint held_since = Clock::now();
  std::uint64_t kept_read = 0;   // as last kept
  TimePoint read_since{};        // a thread reads it since then; the epoch: none
  CondVar* read_over = nullptr;  // if a thread waits for the end of this read
  KeptFd fd;                     // non-blocking
  pid_t kept_writer = *writer;   // as last kept, maybe by the previous process image
  std::uint32_t shown = 0;       // bytes of the splitter's held text that are already in the ring
  int capacity = 0;              // in bytes, once Capture knows it
  const LogStream stream;
  bool short_lines : 1 = false;  // the lines of the last read were short: read less at a time
  bool unended : 1 = false;      // the pipe ended without a newline after the last line
  bool kept_held : 1 = !splitter.held().empty();  // something was held when it was last kept
  bool leaves_out = false;                        // the current line is beyond LogRules::rate_lines
  bool within = false;             // sinks are within its line: they have first pieces of it
  bool to_close = false;           // the thread that reads it must close it
  std::atomic<bool> ended{false};  // end of file, or given up; set under the lock
  // Used only by the thread of Capture, as `capacity` is. Other members lie between these
  // bits and those of the lock, because neighbouring bits are one location in memory.
  bool paused : 1 = false;      // a pause to gather lines; not read since
  bool tried_wide : 1 = false;  // a larger size was requested
  TimePoint read_at{};          // the last read
  TimePoint no_pause_until{};   // until then a pause would delay the process
};

using LogPipePtr = std::shared_ptr<LogPipe>;

/// What LogPipe::keep() keeps, and under which key.
struct PipeFact {
  pid_t writer = 0;
  std::size_t shown = 0;  // see LogPipe
  bool leaves_out = false;
  bool within = false;
  std::uint64_t read = 0;
  std::string held;
};
[[nodiscard]] std::string pipe_key(int pipe);
/// The fact of a pipe; all defaults if there is none.
[[nodiscard]] PipeFact pipe_fact(const FactMap& facts, int pipe);

}  // namespace zinit
