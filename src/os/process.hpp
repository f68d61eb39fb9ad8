// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes as the kernel shows them: signals to them, their ends, and what /proc reports.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "model/reason.hpp"

namespace zinit {

// --- signals ---

/// Opens a pidfd of the process `pid`. A pidfd never refers to another process, but the pid may
/// have been reused before this call: check afterwards that it is the right process. Empty with
/// errno ESRCH if there is no such process, ENOSYS if the kernel has no pidfds (before 5.3).
/// (pidfd_open(2))
[[nodiscard]] UniqueFd open_pidfd(pid_t pid) noexcept;

/// The process of a pidfd, also a zombie; -1 if it was reaped, 0 if it is outside of our pid
/// namespace. Nothing if this cannot be read. (proc_pid_fdinfo(5))
[[nodiscard]] std::optional<pid_t> pid_of(int pidfd);

/// Sends `signal` to one process by `pidfd`, which cannot hit another process. Without a pidfd
/// (`pidfd` < 0), or if the kernel cannot signal by pidfd, uses `pid`, which must not have been
/// reaped yet.
/// @return  ESRCH if it has ended and been reaped. (pidfd_send_signal(2), kill(2))
[[nodiscard]] Result<void> signal_process(int pidfd, pid_t pid, int signal);

/// Sends `signal` to every process of the group. The caller must know that the number was not
/// reused: the leader is not reaped, or members were seen alive since. Refuses groups 0 and 1.
/// @return  ESRCH if the group is empty. (kill(2))
[[nodiscard]] Result<void> signal_group(pid_t group, int signal);

/// Whether the group has a process, zombies included.
[[nodiscard]] bool group_exists(pid_t group) noexcept;

/// Whether this process has a child in the process group, zombies included. Looks at children until
/// one has ended; group_exists() looks at each member of the group. (waitid(2), P_PGID)
[[nodiscard]] bool has_child_in(pid_t group) noexcept;

/// Whether there is a process with this pid, zombies included.
[[nodiscard]] bool process_exists(pid_t pid) noexcept;

// --- ends ---

struct EndedProcess {
  pid_t pid = 0;
  ProcessEnd end;
};

/// A child that has ended. It stays a zombie until reap(), so its pid and process group are not
/// reused. Until then this returns the same child again.
/// @return  nothing if no child has ended. Only for the reaper. Does not block. (waitid(2),
///          WNOWAIT)
[[nodiscard]] std::optional<EndedProcess> next_ended() noexcept;

/// Like next_ended(), only for the child `pid`: nothing if it has not ended, or is no child of
/// zinit (0). Takes the same time for any number of children; next_ended() looks at each.
[[nodiscard]] std::optional<EndedProcess> ended_child(pid_t pid) noexcept;

/// The signal that stopped the child `pid` since the last call; 0 if none did. (waitid(2),
/// WSTOPPED)
[[nodiscard]] int stop_signal_of(pid_t pid) noexcept;

/// Reaps the child `pid`, which has ended.
void reap(pid_t pid) noexcept;

/// Whether `pid` is a child of this process that was not reaped. Children stay children over
/// execve(2), and only zinit reaps them, so their pids are not reused.
[[nodiscard]] bool is_own_child(pid_t pid) noexcept;

/// Whether `pid` is such a child that has not executed its program (spawn()). The kernel does not
/// report the end of such a child, and next_ended() and ended_child() do not see it.
[[nodiscard]] bool is_unexecuted_child(pid_t pid) noexcept;
/// Like ended_child(), for such a child.
[[nodiscard]] std::optional<EndedProcess> ended_unexecuted(pid_t pid) noexcept;

/// Waits until the child `pid` has executed its program. For a child that the previous image was
/// making (spawn()) when it ended.
/// @return  false if the child ended before it executed (then it is reaped), or if it is no child.
///          True also if it has not executed by `deadline`: it hangs in a file system.
/// No other thread may reap meanwhile.
[[nodiscard]] bool await_execution(pid_t pid, TimePoint deadline) noexcept;

/// The process group of `pid`, also of a zombie. Nothing if there is no such process. (getpgid(2))
[[nodiscard]] std::optional<pid_t> process_group(pid_t pid) noexcept;

/// Whether this process is the init that the kernel started, or was executed by this init, and is
/// not PID 1 of a container. Needs no /proc: in the first PID namespace, process 2 is the kernel's
/// own, without session and group. In another namespace, process 2 does not exist yet when PID 1 is
/// executed. After a re-execution it may be one that a container engine has put there, whose
/// session is outside, so the number of the namespace counts too. (kthreadd; getsid(2), getpgid(2))
[[nodiscard]] bool is_init_of_machine() noexcept;

/// Whether this process is in the initial pid namespace; true also without /proc. In another one,
/// zinit is not PID 1 of a machine, however it was started: swap and file systems belong to the
/// machine outside, and mounts of the namespace vanish with it. (pid_namespaces(7))
[[nodiscard]] bool in_first_pid_namespace() noexcept;

/// Makes this process adopt orphans among its descendants, as PID 1 adopts all. (prctl(2))
[[nodiscard]] Result<void> become_subreaper();

// --- what /proc reports ---

struct ProcessStat {
  pid_t pid = 0;
  std::string comm;  // the program's name, at most 15 bytes, any but NUL
  char state = '?';  // R, S, D, T, t, Z, X, I
  pid_t ppid = 0;
  pid_t group = 0;
  pid_t session = 0;
  bool executed = false;    // false from fork(2) until execve(2)
  bool kernel = false;      // a kernel thread, which takes no signals
  bool exiting = false;     // it is ending; its files may be closed already
  std::int64_t cpu_us = 0;  // user and system
  std::int64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot; unique together with the pid
  std::int64_t memory_bytes = 0;  // resident
  int exit_status = 0;            // if ending or a zombie, as for wait(2); 0 if we may not see it

  [[nodiscard]] bool zombie() const noexcept { return state == 'Z' || state == 'X'; }
};

/// Parses the line of /proc/PID/stat; nothing if it is malformed. (proc(5))
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view line);

/// Reads this line of a process, also of a zombie. @return  ENOENT or ESRCH if it is gone.
[[nodiscard]] Result<ProcessStat> read_process_stat(pid_t pid);

/// The real user of a process, who started it; nothing if it is gone. (proc(5), status)
[[nodiscard]] std::optional<uid_t> user_of_process(pid_t pid);

/// The command line with blanks between arguments, safe to print, cut at 64 KiB. Empty for a
/// zombie, a kernel thread or a process that is gone.
[[nodiscard]] std::string command_line(pid_t pid);

/// "process 812 (nginx -g ...)", for messages: with 100 bytes of the command line at most.
[[nodiscard]] std::string process_text(pid_t pid);

/// A text of /proc/PID/cmdline in the form of command_line().
[[nodiscard]] std::string shown_command_line(std::string text);

/// The name of the program that `pid` executes, also of a zombie, safe to print. Empty if the
/// process is gone or cannot be seen.
[[nodiscard]] std::string program_of(pid_t pid);
/// `pid 51 (bash), uid 0`, to name the process that asked for something. `program` may be empty.
[[nodiscard]] std::string asker_text(pid_t pid, std::string_view program, uid_t uid);

/// All processes, sorted by pid, except those that end meanwhile. Reads all of /proc, so do not
/// call it often.
[[nodiscard]] Result<std::vector<ProcessStat>> all_processes();

/// The process groups that have a live process, or a zombie child of this process. Sorted, one
/// entry for each process. As slow as all_processes().
[[nodiscard]] Result<std::vector<pid_t>> groups_in_use();

}  // namespace zinit
