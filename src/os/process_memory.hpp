// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads files of /proc/PID that a process may make hang.
//
// A process's environment and command line are in its memory, which may have to be read from a file
// system that hangs. Other files wait for an execve(2) that hangs. So an Offload reads such a file,
// and the asker waits 200 ms. Until a hung thread returns, nothing more of its process is read. If
// eight processes of a user hang, nothing more of this user is read.
//
// A process can also make each read take nearly 200 ms. So there is a limit to the time that slow
// reads of one user's processes may cost an asker who delays others, such as the data loop.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

enum class IfSlow : std::uint8_t {
  refuse,  // for what can do without the answer
  wait,    // for what must overlook no process
};

/// The first `most` bytes of /proc/PID/`name`.
/// @return  ETIMEDOUT if the process, or others of its user, make reads hang, or with
///          IfSlow::refuse have made them slow for too long. Any thread. Waits at most 200 ms, and
///          for earlier askers.
[[nodiscard]] Result<std::string> read_of_process(pid_t pid, const char* name, std::size_t most,
                                                  IfSlow if_slow);

/// What slow reads have cost, by who has made them slow. Slow ones may cost a second at once, and
/// afterwards a tenth of the time.
class SlowReads {
 public:
  /// A read has taken this long.
  void took(std::uint64_t owner, Milliseconds time, TimePoint now);
  /// Whether this owner has cost too much.
  [[nodiscard]] bool too_many(std::uint64_t owner, TimePoint now) const;

 private:
  // Until when each owner would have to wait for a cost of nothing. Only the owners of the last
  // seconds: few, because a slow read takes its time.
  std::vector<std::pair<std::uint64_t, TimePoint>> until_;
};

}  // namespace zinit
