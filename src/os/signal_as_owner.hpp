// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals to processes of other users, for a zinit that has CAP_SETUID but not CAP_KILL: as in a
// container that keeps only the capabilities to start services as their users.
#pragma once

#include <sys/types.h>

namespace zinit {

/// Whether processes of other users can be signalled in this way, and only in this way.
[[nodiscard]] bool signals_as_owner() noexcept;

/// Sends `signal` to a process. The calling thread takes the process's user meanwhile.
///
/// @param pidfd  of the process; below 0: uses `pid`, which must not have been reaped yet
/// @return       0 or an errno. (kill(2), setresuid(2))
[[nodiscard]] int signal_as_owner(int pidfd, pid_t pid, int signal) noexcept;

/// Signals each process of the group `group` that has another user than zinit. Reads all of /proc.
/// @return  0 if a signal was sent, else an errno. ESRCH: no such process.
[[nodiscard]] int signal_others_in_group(pid_t group, int signal) noexcept;

}  // namespace zinit
