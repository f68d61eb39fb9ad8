// Signals to processes of other users, for a zinit that has CAP_SETUID and no CAP_KILL, as in a
// container whose capabilities are dropped but for those that start services as their users.
#pragma once

#include <sys/types.h>

namespace zinit {

/// Whether processes of other users can be signalled in this way, and not otherwise.
[[nodiscard]] bool signals_as_owner() noexcept;

/// Sends `signal` to a process by the calling thread, which has the process's user meanwhile.
///
/// @param pidfd  of the process; below 0: `pid` is used, which must not have been reaped yet.
/// @return       0, or errno's number. (kill(2), setresuid(2))
[[nodiscard]] int signal_as_owner(int pidfd, pid_t pid, int signal) noexcept;

/// The same for each process of the group `group` that has another user than zinit. Reads all of
/// /proc.
/// @return  0 if a signal was sent, or errno's number: ESRCH if there is no such process.
[[nodiscard]] int signal_others_in_group(pid_t group, int signal) noexcept;

}  // namespace zinit
