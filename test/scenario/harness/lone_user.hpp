// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Limits of processes: the kernel counts all processes and threads of a user together.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include "scenario/harness.hpp"

namespace zinit::test {

constexpr const char* kNeedsLoneUser = "needs root to become a user without other processes";

/// For Server::Options::in_child and Launch::in_child: limits the processes of its user.
inline std::function<void()> limited_to(rlim_t processes) {
  return [processes] {
    const rlimit limit{processes, processes};
    if (setrlimit(RLIMIT_NPROC, &limit) != 0) _exit(125);
  };
}

/// A user without other processes, whose zinit gets a limit while it runs. Only for root.
class LoneUser {
 public:
  explicit LoneUser(uid_t uid) : uid_(uid) {
    REQUIRE(::chown(runtime_.path().c_str(), uid, uid) == 0);
  }

  [[nodiscard]] Server::Options options() const {
    return {.env = {"XDG_RUNTIME_DIR=" + runtime_.path()}, .uid = uid_};
  }
  [[nodiscard]] std::string runtime(const std::string& name) const { return runtime_ / name; }

  void limit(const Server& zinit, int processes) const {
    Launch prlimit;
    prlimit.program = "/usr/bin/prlimit";
    prlimit.argv = {"prlimit", "--pid", std::to_string(zinit.pid()),
                    "--nproc=" + std::to_string(processes) + ":"};
    prlimit.uid = uid_;
    REQUIRE(run(prlimit).code == 0);
  }

 private:
  const uid_t uid_;
  const TempDir runtime_;
};

}  // namespace zinit::test
