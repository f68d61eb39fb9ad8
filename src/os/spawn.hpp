// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts a process for a service, and reports at once whether its program was executed.
//
// The child shares our memory until execve(2) (clone3(2) with CLONE_VM and CLONE_VFORK). So nothing
// is copied, however large zinit is, and the child can store a failed step and its errno where we
// read them. This requires some rules:
//
// - The parent prepares everything: argument vector, environment, ids, descriptors. The child makes
//   only raw system calls, on its own stack, with all signals blocked until it has reset all of our
//   handlers.
// - The child's exit signal is 0 until execve(2) makes it SIGCHLD. Until then the reaper does not
//   see the child. A child that fails is waited for here, with __WCLONE.
// - A child that changes its ids clears the dumpable flag of the shared memory. The cleared flag
//   also keeps the new user's processes from tracing the child, and so from writing to our memory.
//   The flag is set again only when no thread has such a child any more.
//
// Without clone3 (a kernel before 5.3, seccomp, valgrind, another architecture) the child has a
// copy of the memory, and reports through a close-on-exec pipe.
//
// The rest of the room: thin wrappers of the kernel's interfaces, named after what they do.
//   starting    spawn*.hpp, program_file.hpp, output_pipes.hpp, limits.hpp, id_change.hpp
//   processes   process.hpp, process_memory.hpp, membership.hpp, signals.hpp, cgroup*.hpp
//   threads     thread.hpp, offload.hpp (work that may block), memory.hpp
//   machine     mount.hpp, unmount.hpp, power.hpp, console.hpp, kernel_command_line.hpp, users.hpp
//   sockets     net.hpp, tcp_ports.hpp, socket_file.hpp, unix_receive.hpp, close_waits.hpp
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

/// A descriptor for a child besides its standard streams: the caller's descriptor, which stays open
/// there, and its number in the child, from 3 on.
struct PassedFd {
  int fd = -1;
  int as = -1;
};

/// Everything that a child needs to become a service's process. Applied in this order: cgroup; own
/// session and process group; standard streams, and closing of all other descriptors; scheduling,
/// priorities and limits; root directory; capabilities and ids; directory; umask; every signal at
/// its default and unblocked; the program.
struct SpawnPlan {
  std::string program;            // path below the root, from resolve_program()
  std::vector<std::string> argv;  // argv[0] as in the service file
  bool as_by_shell = false;       // on ENOEXEC, execute it as a script of /bin/sh
  std::vector<std::string> env;   // KEY=value, complete: nothing is inherited
  std::string dir = "/";          // entered with the new ids
  mode_t umask = 0022;
  Ids ids;

  // Standard streams: descriptors of the caller, which stay open there. -1: /dev/null.
  int in = -1;
  int out = -1;
  int err = -1;
  std::vector<PassedFd> passed = {};  // sorted by `as`
  // More variables besides `env`, whose value is the child's own pid (LISTEN_PID, WATCHDOG_PID).
  std::vector<std::string> pid_variables = {};
  // A terminal for all three streams, as the controlling terminal. Empty: none.
  std::string tty;
  // If `in` is the caller's controlling terminal: the child stays in the caller's session, in its
  // own process group, which becomes the terminal's foreground. Otherwise it has its own session.
  bool foreground = false;

  int cgroup = -1;  // directory of the cgroup to make it in; -1: zinit's own
  // Both get the pid before the process can do anything. `noted` gets it even if this thread dies
  // meanwhile.
  std::atomic<pid_t>* pid = nullptr;
  std::atomic<pid_t>* noted = nullptr;
  std::optional<rlimit> nofile;      // RLIMIT_NOFILE if `limits` has none; unset: zinit's own
  std::vector<LimitSetting> limits;  // for open files, "unlimited" is zinit's hard limit
  ProcessSettings process;           // capabilities are ambient for users other than root
};

/// A process that executes its program.
struct Child {
  pid_t pid = -1;  // leader of its own process group and, unless `foreground`, session
  UniqueFd pidfd;  // empty if the kernel has no pidfds (before 5.3)
};

/// Begins errors of execve(2) and of a program that is not found, and no other errors.
inline constexpr std::string_view kExecuteFault = "cannot execute ";

/// Starts `plan`'s program, and waits until it is executed or a step has failed.
///
/// @return  the child; or the failed step with errno's text: "cannot execute /usr/bin/webd: No such
///          file or directory", "cannot change to directory /x: ...", "cannot become user 1000:
///          ...". A temporary() error: try again after the restart delay. Any other:
///          failed{spawn_error}. A failure leaves no process and no descriptor behind.
/// Any thread, several at once. Needs 20 KiB of stack. Blocks until execve(2) has read the program,
/// so hold no lock. Logs nothing. Before this returns, the child may have ended, and the reaper may
/// even have reaped it. (behaviour.md, "States"; clone(2), execve(2))
[[nodiscard]] Result<Child> spawn(const SpawnPlan& plan);

/// The path of the program for argv[0] `name`. If `name` has a slash: `name` itself, below `dir` if
/// it is relative. Otherwise: the first executable file of this name in `path`, the service's PATH,
/// whose relative directories are below `dir` too. If `root` is not empty, all these paths, and
/// links on them, are resolved below `root`. If `refused` is not empty: the first one after this
/// path in `path`.
///
/// @return  the path. It is not checked if `name` has a slash: execve(2) reports errors. Or ENOENT
///          with the searched PATH, or EACCES if files of this name are not executable.
/// Any thread. May block on a file system, so hold no lock. (zinit.toml(5), "exec")
[[nodiscard]] Result<std::string> resolve_program(const std::string& name, std::string_view path,
                                                  const std::string& dir,
                                                  const std::string& root = {},
                                                  std::string_view refused = {});

}  // namespace zinit
