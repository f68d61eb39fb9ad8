// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Forks a child for each call. The child's exit status is the errno. See attempts.hpp.
#include "os/attempts.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "os/signals.hpp"

namespace zinit {

Attempts::Attempts() noexcept {
  const sigset_t child = signal_set(std::array{SIGCHLD});
  sigprocmask(SIG_BLOCK, &child, nullptr);  // for wait_for_child()
}

std::vector<int> Attempts::make(const std::vector<std::string>& paths, Call call,
                                Milliseconds patience, FunctionRef<bool()> more) {
  std::vector<int> results(paths.size(), ETIMEDOUT);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) _exit(call(paths[i].c_str()) == 0 ? 0 : errno);
    if (pid < 0)
      results[i] = errno;
    else
      children_[pid] = {paths[i], &results[i]};
  }
  const auto awaited = [](const auto& child) { return child.second.result != nullptr; };
  TimePoint until = after(Clock::now(), patience);
  while (std::any_of(children_.begin(), children_.end(), awaited)) {
    if (reap()) continue;
    if (Clock::now() >= until) {
      if (!more()) break;
      until = after(Clock::now(), patience);
    }
    wait_for_child(until);
  }
  for (auto& [pid, child] : children_) child.result = nullptr;
  return results;
}

std::vector<std::string> Attempts::under_way() const {
  std::vector<std::string> paths;
  for (const auto& [pid, child] : children_) paths.push_back(child.path);
  return paths;
}

bool Attempts::wait_for_one(TimePoint until) {
  while (!std::exchange(late_, false)) {
    if (children_.empty() || (!reap() && Clock::now() >= until)) return false;
    if (!late_) wait_for_child(until);
  }
  return true;
}

bool Attempts::reap() {
  int status = 0;
  const pid_t pid = ::waitpid(-1, &status, WNOHANG);
  if (pid <= 0) return false;
  const auto child = children_.find(pid);
  if (child == children_.end()) return true;
  // A killed child did not finish its call.
  if (child->second.result != nullptr)
    *child->second.result = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
  else
    late_ = true;
  children_.erase(child);
  return true;
}

}  // namespace zinit
