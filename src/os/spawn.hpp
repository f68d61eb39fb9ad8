// Starts a process for a service, and knows at once whether its program is executed.
//
// The child shares our memory until it executes (clone3(2) with CLONE_VM and CLONE_VFORK): nothing
// is copied, however large zinit is, and the child leaves the step that failed and its errno where
// we read them. That has rules, which spawn.cpp keeps:
//
// - Everything is prepared before: argument vector, environment, ids, descriptors. The child makes
//   raw system calls only, on a stack of its own, with all signals blocked until no handler of ours
//   is left.
// - Until it executes it is no child that wait(2) sees by itself (its exit signal is 0; execve(2)
//   makes it SIGCHLD). So one that fails is never seen by the reaper, and is waited for here.
// - A child that changes its ids clears the dumpable flag of the memory that we share, which also
//   keeps processes of that user from tracing it and so writing to us. The flag is set again only
//   when no such child is under way in any thread.
//
// Where clone3 cannot be had (a kernel before 5.3, seccomp, valgrind, another architecture) the
// child has a copy of the memory, and reports through a close-on-exec pipe.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "model/process_settings.hpp"
#include "os/users.hpp"

namespace zinit {

/// A descriptor for a child beside its standard streams: the caller's, who keeps it, and its number
/// in the child, from 3 on.
struct PassedFd {
  int fd = -1;
  int as = -1;
};

/// Everything that a child needs to become a service's process. In this order: cgroup; own session
/// and process group; standard streams, and no other descriptor; scheduling, priorities and limits;
/// root directory; capabilities and ids; directory; umask; every signal at its default and
/// unblocked; the program.
struct SpawnPlan {
  std::string program;            // path below the root, as resolve_program() gives it
  std::vector<std::string> argv;  // argv[0] as the service file has it
  bool as_by_shell = false;       // what has no format that the kernel knows is a script of sh's
  std::vector<std::string> env;   // KEY=value, complete: nothing is inherited
  std::string dir = "/";          // entered with the new ids
  mode_t umask = 0022;
  Ids ids;

  // Standard streams: descriptors of the caller, who keeps them; -1: /dev/null.
  int in = -1;
  int out = -1;
  int err = -1;
  std::vector<PassedFd> passed = {};  // with numbers that ascend
  // Variables whose value is the child's own pid (LISTEN_PID, WATCHDOG_PID): beside those of `env`.
  std::vector<std::string> pid_variables = {};
  // A terminal instead: opened, made the controlling terminal and all three streams. Empty: none.
  std::string tty;

  int cgroup = -1;                    // directory of the cgroup that it is made in; -1: zinit's own
  std::atomic<pid_t>* pid = nullptr;  // gets the pid before the process can do anything
  std::optional<rlimit> nofile;       // RLIMIT_NOFILE where `limits` has none; unset: zinit's own
  std::vector<LimitSetting> limits;   // unlimited open files are as many as zinit may have
  ProcessSettings process;            // its capabilities reach a user that is not root as ambient
};

/// A process that executes its program.
struct Child {
  pid_t pid = -1;  // leader of its own session and process group
  UniqueFd pidfd;  // none where the kernel has no pidfds (before 5.3)
};

/// Starts `plan`'s program and waits until it is executed or has failed to be.
///
/// @return  the child; or which step failed, with errno's text: "cannot execute /usr/bin/webd: No
///          such file or directory", "cannot change to directory /x: ...", "cannot become user
///          1000: ...". Error::temporary() ones are worth a retry after the restart delay; any
///          other is failed{spawn_error}. No process and no descriptor is left behind by a failure.
/// Any thread, several at once; needs 20 KiB of stack. Blocks until execve(2), which reads the
/// program: no lock held. Logs nothing. The child is reaped by whoever reaps all; it may have
/// ended, and even have been reaped, before this returns. (behaviour.md, "States"; clone(2),
/// execve(2))
[[nodiscard]] Result<Child> spawn(const SpawnPlan& plan);

/// Where the program of argv[0] `name` is: with a slash as it is, or below `dir` where it is
/// relative; without one the first executable file of that name in `path`, the PATH of the service
/// (relative directories in it count from `dir` too). All these are looked up below `root`, where
/// that is not empty, and links of files there lead to files there.
///
/// @return  the path, not checked further where `name` has a slash: execve(2) tells. Or ENOENT with
///          the PATH that was searched, or EACCES where files of that name are not executable.
/// Any thread; touches file systems, so no lock held. (zinit.toml(5), "exec")
[[nodiscard]] Result<std::string> resolve_program(const std::string& name, std::string_view path,
                                                  const std::string& dir,
                                                  const std::string& root = {});

}  // namespace zinit
