// What a process writes its output to.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>

#include "base/fd.hpp"

namespace zinit {

/// The write ends of a process's output: one pipe for each stream, close-on-exec and blocking, for
/// one spawn. The spawner closes them once the process has its own. Unless `writer` is null, it
/// stores the process's pid there before the process can write anything.
struct OutputPipes {
  UniqueFd out;
  UniqueFd err;
  std::shared_ptr<std::atomic<pid_t>> writer{};
};

}  // namespace zinit
