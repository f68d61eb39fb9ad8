// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Ends a script that does not end itself when the time of --timeout is over.
#pragma once

#include <optional>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "os/thread.hpp"

namespace zinit {

/// A watch over the process from construction to destruction. Lua looks at the clock only between
/// instructions of a script. A function in C that takes long or waits, a loop that catches each
/// error, and a script that has removed the hook do not notice the end of their time.
///
/// If the script has not ended kGrace after its time, a thread kills the commands that the process
/// has started, with their children, and ends the process with ExitStatus::timeout.
class TimeLimit {
 public:
  /// @param left  how long from now; nothing: no limit
  /// Throws VerbFailure if no thread can be made.
  explicit TimeLimit(std::optional<Milliseconds> left);
  ~TimeLimit();
  TimeLimit& operator=(TimeLimit&&) = delete;

 private:
  void watch(TimePoint end);
  [[nodiscard]] bool over_at(TimePoint time) EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  bool ended_ GUARDED_BY(mutex_) = false;
  Thread thread_;
};

}  // namespace zinit
