// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads files of /proc/PID that a process may make hang.
//
// A process's environment and command line are in its memory, which may have to be read from a file
// system that hangs. Other files wait for an execve(2) that hangs. So an Offload reads such a file,
// and the asker waits 200 ms. Until a hung thread returns, nothing more of its process is read. If
// eight processes of a user hang, nothing more of this user is read.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace zinit {

/// The first `most` bytes of /proc/PID/`name`.
/// @return  ETIMEDOUT if the process, or others of its user, make reads hang. Any thread. Waits at
///          most 200 ms, and for earlier askers.
[[nodiscard]] Result<std::string> read_of_process(pid_t pid, const char* name, std::size_t most);

}  // namespace zinit
