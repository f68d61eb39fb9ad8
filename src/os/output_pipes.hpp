// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The pipes to which a process writes its output.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"

namespace zinit {

/// The write ends of a process's output: one pipe for each stream, close-on-exec and blocking, for
/// one spawn. The spawner closes them once the process has its own. If `writer` is set, the spawner
/// stores the process's pid there before the process can write anything.
struct OutputPipes {
  UniqueFd out;
  UniqueFd err;
  std::shared_ptr<std::atomic<pid_t>> writer{};
};

/// The last lines that a process writes, for a client that asked for its result. The log has them
/// too. Any thread.
class OutputTail {
 public:
  static constexpr std::size_t kMostLines = 20;
  static constexpr std::size_t kMostBytes = 4096;

  void add(std::string_view line) EXCLUDES(mutex_);
  /// Oldest first. Bytes that are no text are shown as \xNN.
  [[nodiscard]] std::vector<std::string> lines() const EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;  // a leaf
  std::deque<std::string> lines_ GUARDED_BY(mutex_);
  std::size_t bytes_ GUARDED_BY(mutex_) = 0;
};

using OutputTailPtr = std::shared_ptr<OutputTail>;

/// Gives the pipes to `user`, so that a process of this user can open /dev/stdout, /dev/stderr and
/// /proc/self/fd/1 itself. Without CAP_CHOWN every user may write to them instead: only root and
/// the process's user can open files below its /proc/PID/fd.
/// @return  an error if both are impossible; output to the descriptors arrives all the same
[[nodiscard]] Result<void> give_to(uid_t user, const OutputPipes& pipes);

}  // namespace zinit
