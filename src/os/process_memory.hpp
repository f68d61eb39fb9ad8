// Reads files of /proc/PID that a process may make hang.
//
// Its environment and its command line lie in its memory, which may have to be read from a file
// system that hangs, and other files wait for an execve(2) that hangs. So an Offload reads such a
// file, and who asks waits for 200 ms. Until its thread comes back, nothing of that process is read
// again, and nothing of a user eight of whose processes hang.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace zinit {

/// The first `most` bytes of /proc/PID/`name`.
/// @return  ETIMEDOUT if the process makes it hang, or others of its user do. Any thread; waits for
///          200 ms at most, and for those who have asked before.
[[nodiscard]] Result<std::string> read_of_process(pid_t pid, const char* name, std::size_t most);

}  // namespace zinit
