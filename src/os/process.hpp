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
#include "model/reason.hpp"

namespace zinit {

// --- signals ---

/// What holds on to the process `pid`: its number may be another's later, this is not. Whether it
/// is the one that was meant has to be seen afterwards. Empty with errno ESRCH where there is none,
/// ENOSYS where the kernel has no pidfds (before 5.3). (pidfd_open(2))
[[nodiscard]] UniqueFd open_pidfd(pid_t pid) noexcept;

/// Sends `signal` to one process: by `pidfd`, which cannot hit a stranger, or by `pid` where there
/// is no pidfd (`pidfd` < 0) or the kernel cannot signal by it. Then `pid` must not have been
/// reaped yet.
/// @return  ESRCH where it has ended and been reaped. (pidfd_send_signal(2), kill(2))
[[nodiscard]] Result<void> signal_process(int pidfd, pid_t pid, int signal);

/// Sends `signal` to every process of the group. The caller knows that the number is still that
/// group's: its leader is not reaped, or members were seen alive since. Refuses group 0 and 1.
/// @return  ESRCH where nobody is left in it. (kill(2))
[[nodiscard]] Result<void> signal_group(pid_t group, int signal);

/// Whether a process is left in the group, zombies included.
[[nodiscard]] bool group_exists(pid_t group) noexcept;

/// Whether there is a process with this pid, zombies included.
[[nodiscard]] bool process_exists(pid_t pid) noexcept;

// --- ends ---

struct EndedProcess {
  pid_t pid = 0;
  ProcessEnd end;
};

/// A child that has ended and is not reaped yet; it stays so, and its pid and group its own, until
/// reap(). The same one is given again before that.
/// @return  nothing where no child has ended. For the one reaper; does not block. (waitid(2),
/// WNOWAIT)
[[nodiscard]] std::optional<EndedProcess> next_ended() noexcept;

/// Reaps the child `pid`, which has ended.
void reap(pid_t pid) noexcept;

/// Whether `pid` is a child of this process that nobody has reaped. Over an execve(2) children
/// stay, and only zinit reaps its own, so the number is still the same process's.
[[nodiscard]] bool is_own_child(pid_t pid) noexcept;

/// The process group of `pid`, zombies too; nothing where there is no such process. (getpgid(2))
[[nodiscard]] std::optional<pid_t> process_group(pid_t pid) noexcept;

/// Makes this process the one that orphans below it fall to, as PID 1 is for all. (prctl(2))
[[nodiscard]] Result<void> become_subreaper();

// --- what /proc says ---

struct ProcessStat {
  pid_t pid = 0;
  std::string comm;  // the program's name, at most 15 bytes, any but NUL
  char state = '?';  // R, S, D, T, t, Z, X, I
  pid_t ppid = 0;
  pid_t group = 0;
  pid_t session = 0;
  bool executed = false;    // a program since it was made: else it is still its parent's image
  std::int64_t cpu_us = 0;  // user and system
  std::int64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot; with the pid it names a process for good
  std::int64_t memory_bytes = 0;  // resident
  int exit_status = 0;            // of a zombie, as wait(2) has it; 0 where it is not for us to see

  [[nodiscard]] bool zombie() const noexcept { return state == 'Z' || state == 'X'; }
};

/// The line of /proc/PID/stat; nothing where it has not that form. (proc(5))
[[nodiscard]] std::optional<ProcessStat> parse_process_stat(std::string_view line);

/// Of a process, zombies too. @return  ENOENT or ESRCH where it is gone.
[[nodiscard]] Result<ProcessStat> read_process_stat(pid_t pid);

/// The command line with blanks between arguments, safe to show; empty for a zombie, a kernel
/// thread and one that is gone. At most 64 KiB of it.
[[nodiscard]] std::string command_line(pid_t pid);

/// Every process there is, by pid. Those that vanish meanwhile are left out. Reads all of /proc:
/// not for what happens often.
[[nodiscard]] Result<std::vector<ProcessStat>> all_processes();

/// The groups that have a process which is no zombie: sorted, once for each process. As
/// all_processes().
[[nodiscard]] Result<std::vector<pid_t>> groups_in_use();

}  // namespace zinit
