// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The thread that ends scripts: see time_limit.hpp.
#include "client/script/time_limit.hpp"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <vector>

#include "base/format.hpp"
#include "client/script/functions.hpp"

namespace zinit {

namespace {

// For a script that notices the end of its time by itself: its error names the line.
constexpr Milliseconds kGrace{1000};

std::vector<pid_t> stopped;  // constant while the alarm may come

[[noreturn]] void kill_and_exit(int /*signal*/) {
  for (const pid_t pid : stopped) ::kill(pid, SIGKILL);
  ::_exit(ExitStatus::timeout);
}

/// Ends this process, although the script's thread still runs. That thread may hold the lock of
/// standard output, and nobody may read from there: then the alarm ends the process.
[[noreturn]] void end_process() {
  stopped = stop_commands();
  std::signal(SIGALRM, kill_and_exit);
  ::alarm(1);
  std::fflush(stdout);
  const std::string line = fmt::format("zinitctl: script: {}\n", kTimeIsOver);
  (void)!::write(STDERR_FILENO, line.data(), line.size());
  // At the very end: a script that waits for a command would go on with a part of its output.
  kill_commands();  // with those that came meanwhile
  kill_and_exit(0);
}

}  // namespace

TimeLimit::TimeLimit(std::optional<Milliseconds> left) {
  if (!left) return;
  auto thread = Thread::start("script-limit", kLoopStackBytes,
                              [this, end = after(Clock::now(), *left)] { watch(end); });
  if (!thread) throw VerbFailure{ExitStatus::failed, thread.error().text};
  thread_ = *std::move(thread);
}

TimeLimit::~TimeLimit() {
  {
    const MutexLock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
}

/// Waits until `time`, or until the script has ended. False if it has ended.
bool TimeLimit::over_at(TimePoint time) {
  const MutexLock lock(mutex_);
  while (!ended_ && Clock::now() < time) changed_.wait_until(mutex_, time);
  return !ended_;
}

void TimeLimit::watch(TimePoint end) {
  if (over_at(after(end, kGrace))) end_process();
}

}  // namespace zinit
