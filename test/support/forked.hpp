// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Runs a part of a test in its own process: for changes that cannot be undone, such as namespaces,
// limits and signal masks.

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace zinit::test {

/// Calls `work` in a child of this process. @return  the result, as text; "signal N" if the child
/// was killed, "exception" if an exception left `work`. `work` returns a string and uses no
/// assertion. Call it while this process has only one thread.
template <class Work>
std::string in_child(Work work) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(ends[0]);
    std::string said;
    try {
      said = work();
    } catch (...) {
      said = "exception";
    }
    const auto written = ::write(ends[1], said.data(), said.size());
    ::_exit(written == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[1024];
  ssize_t got;
  while ((got = ::read(ends[0], buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR))
    if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return text;
}

/// Whether this process may have its own namespaces (CLONE_NEW...): root may, unless a container
/// forbids it.
inline bool may_unshare(int flags) {
  return in_child([flags] { return std::string(::unshare(flags) == 0 ? "yes" : "no"); }) == "yes";
}

}  // namespace zinit::test
