// What a process writes its output to.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

/// The write ends of a process's output: one pipe for each stream, close-on-exec and blocking, for
/// one spawn. The spawner closes them once the process has its own. Unless `writer` is null, it
/// stores the process's pid there before the process can write anything.
struct OutputPipes {
  UniqueFd out;
  UniqueFd err;
  std::shared_ptr<std::atomic<pid_t>> writer{};
};

/// Gives the pipes to `user`, so that a process of that user can open /dev/stdout, /dev/stderr and
/// /proc/self/fd/1 itself. Without CAP_CHOWN every user may write to them instead: who is neither
/// root nor the process's user cannot open what is below its /proc/PID/fd.
/// @return  an error if neither is possible; what is written to the descriptors comes all the same
[[nodiscard]] Result<void> give_to(uid_t user, const OutputPipes& pipes);

}  // namespace zinit
