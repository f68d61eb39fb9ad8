// Processes as the kernel shows them: signals to them, their ends, and what /proc says of them.
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

/// Opens a pidfd of the process `pid`, which never refers to another process. But the pid may have
/// been reused before this call: check afterwards that it is the process that was meant. Empty with
/// errno ESRCH if there is no such process, ENOSYS if the kernel has no pidfds (before 5.3).
/// (pidfd_open(2))
[[nodiscard]] UniqueFd open_pidfd(pid_t pid) noexcept;

/// Sends `signal` to one process by `pidfd`, which cannot hit another process. Without a pidfd
/// (`pidfd` < 0), or if the kernel cannot signal by it, `pid` is used, which must not have been
/// reaped yet.
/// @return  ESRCH if it has ended and been reaped. (pidfd_send_signal(2), kill(2))
[[nodiscard]] Result<void> signal_process(int pidfd, pid_t pid, int signal);

/// Sends `signal` to every process of the group. The caller knows that the number was not reused:
/// the leader is not reaped, or members were seen alive since. Refuses groups 0 and 1.
/// @return  ESRCH if the group is empty. (kill(2))
[[nodiscard]] Result<void> signal_group(pid_t group, int signal);

/// Whether a process is left in the group, zombies included.
[[nodiscard]] bool group_exists(pid_t group) noexcept;

/// Whether this process has a child in the process group, zombies included. It looks at children
/// until one has ended, where group_exists() looks at each member of the group. (waitid(2), P_PGID)
[[nodiscard]] bool has_child_in(pid_t group) noexcept;

/// Whether there is a process with this pid, zombies included.
[[nodiscard]] bool process_exists(pid_t pid) noexcept;

// --- ends ---

struct EndedProcess {
  pid_t pid = 0;
  ProcessEnd end;
};

/// A child that has ended. It stays a zombie until reap(), so its pid and process group are not
/// reused; until then this returns the same one again.
/// @return  nothing if no child has ended. Only for the reaper; does not block. (waitid(2),
///          WNOWAIT)
[[nodiscard]] std::optional<EndedProcess> next_ended() noexcept;

/// The same for the child `pid` alone: nothing if it has not ended, or is no child of zinit (0).
/// Takes the same time whatever the number of children, where next_ended() looks at each of them.
[[nodiscard]] std::optional<EndedProcess> ended_child(pid_t pid) noexcept;

/// The signal that has stopped the child `pid` since this was asked last; 0 if none has.
/// (waitid(2), WSTOPPED)
[[nodiscard]] int stop_signal_of(pid_t pid) noexcept;

/// Reaps the child `pid`, which has ended.
void reap(pid_t pid) noexcept;

/// Whether `pid` is a child of this process that was not reaped. Children stay so over execve(2),
/// and only zinit reaps them, so their pids are not reused.
[[nodiscard]] bool is_own_child(pid_t pid) noexcept;

/// Waits until the child `pid` has executed its program, if an image of this process was making it
/// (spawn()) when it ended.
/// @return  false if it has ended before, and reaps it then, or if it is no child. True also if it
///          has not executed by `deadline`: it hangs in a file system.
/// Needs no other thread that reaps.
[[nodiscard]] bool await_execution(pid_t pid, TimePoint deadline) noexcept;

/// The process group of `pid`, also of a zombie; nothing if there is no such process. (getpgid(2))
[[nodiscard]] std::optional<pid_t> process_group(pid_t pid) noexcept;

/// Whether this process is the init that the kernel has started, or executed by that one, and not
/// PID 1 of a container. Needs no /proc: in the first namespace of processes the second is the
/// kernel's own, of no session and no group; in another one it has not been there yet when PID 1 is
/// executed. (kthreadd; getsid(2), getpgid(2))
[[nodiscard]] bool is_init_of_machine() noexcept;

/// Makes this process adopt orphans among its descendants, as PID 1 adopts all. (prctl(2))
[[nodiscard]] Result<void> become_subreaper();

// --- what /proc says ---

struct ProcessStat {
  pid_t pid = 0;
  std::string comm;  // the program's name, at most 15 bytes, any but NUL
  char state = '?';  // R, S, D, T, t, Z, X, I
  pid_t ppid = 0;
  pid_t group = 0;
  pid_t session = 0;
  bool executed = false;    // false from fork(2) until execve(2)
  bool kernel = false;      // a thread of the kernel's, which takes no signals
  bool exiting = false;     // it is ending, and its files may be closed already
  std::int64_t cpu_us = 0;  // user and system
  std::int64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot; with the pid it is unique
  std::int64_t memory_bytes = 0;  // resident
  int exit_status = 0;  // of one that is ending or a zombie, as for wait(2); 0 if we may not see it

  [[nodiscard]] bool zombie() const noexcept { return state == 'Z' || state == 'X'; }
};

/// Parses the line of /proc/PID/stat; nothing if it is malformed. (proc(5))
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view line);

/// Reads that line of a process, also of a zombie. @return  ENOENT or ESRCH if it is gone.
[[nodiscard]] Result<ProcessStat> read_process_stat(pid_t pid);

/// The real user of a process, who has started it; nothing if it is gone. (proc(5), status)
[[nodiscard]] std::optional<uid_t> user_of_process(pid_t pid);

/// The command line with blanks between arguments, safe to print; empty for a zombie, a kernel
/// thread or a process that is gone. At most 64 KiB of it.
[[nodiscard]] std::string command_line(pid_t pid);

/// The text of /proc/PID/cmdline as command_line() gives it.
[[nodiscard]] std::string shown_command_line(std::string text);

/// The name of the program that `pid` executes, also of a zombie, safe to print; empty if that is
/// gone or cannot be seen.
[[nodiscard]] std::string program_of(pid_t pid);
/// `pid 51 (bash), uid 0`, for who has asked for something; `program` may be empty.
[[nodiscard]] std::string asker_text(pid_t pid, std::string_view program, uid_t uid);

/// All processes, sorted by pid, except those that end meanwhile. Reads all of /proc, so it is not
/// for frequent use.
[[nodiscard]] Result<std::vector<ProcessStat>> all_processes();

/// The process groups with a process that is no zombie, or with a zombie child of this process;
/// sorted, one entry for each process. As slow as all_processes().
[[nodiscard]] Result<std::vector<pid_t>> groups_in_use();

}  // namespace zinit
