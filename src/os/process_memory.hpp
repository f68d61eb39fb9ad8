// Reads files of /proc/PID that a process may make hang.
//
// Its environment and its command line lie in its memory, which may have to be read from a file
// system that hangs, and other files wait for an execve(2) that hangs. So a thread of its own reads
// such a file, one for all who ask, and who asks waits for kPatience. A thread that hangs is left
// to itself, and another one goes on with what others ask. Until a thread comes back, nothing of
// its process is read again.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// At most so many threads hang; then nothing is read until one of them comes back.
inline constexpr std::size_t kMostHungReads = 64;

/// The first `most` bytes of /proc/PID/`name`.
/// @return  ETIMEDOUT if the process makes it hang. Any thread; waits for kPatience at most, and
///          for those who have asked before.
[[nodiscard]] Result<std::string> read_of_process(pid_t pid, const char* name, std::size_t most);

}  // namespace zinit
