// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's reaction to a fatal fault in itself: it logs the place of the fault, writes a core file
// if configured, and re-executes itself with all services (reexec/reexecution.hpp). The fifth fault
// within a minute shows that this does not help. PID 1 of a machine then keeps a shell running on
// the console and reaps, because the kernel would panic if it ended. Other servers exit with 70.
//
// Everything here is async-signal-safe, because a fault may come anywhere: no heap, no locks.
//
// The addresses of a fault are found by a search of the thread's stack for what follows a call
// (os/call_sites.hpp), because an unwinder takes locks. The program is executed by a descriptor of
// /proc/self/exe from the start, so a file that was replaced meanwhile is not executed by mistake.
#pragma once

#include <string_view>

namespace zinit {

/// From now on zinit reacts as above to a fault of this process (SIGSEGV, SIGBUS, SIGFPE, SIGILL,
/// SIGABRT, an uncaught exception). If a shell is the reaction, the thread at fault starts the
/// shell and then waits for ever, because it may hold locks. The main thread, at fault or not,
/// abandons its work and only reaps, because nobody else would. Other threads run until they need a
/// lock that is held.
///
/// The same signals from another process count as faults too. Before prepare_execution() zinit
/// ignores them, as the kernel does for a PID 1 without handlers.
///
/// It writes each message to zinit's log in one write(2), which never blocks: a reader of the log
/// that is stuck must not delay the recovery.
///
/// @param console  the terminal of the shell, at most 255 bytes; empty if zinit is not PID 1 of a
///                 machine.
/// Call it before other threads run.
void survive_faults(std::string_view console) noexcept;

/// The exit status after too many faults.
inline constexpr int kTooManyFaults = 70;

/// Handles another reason why PID 1 cannot go on: logs `why`, keeps a shell running and reaps, for
/// ever. The console is that of survive_faults(), or /dev/console.
[[noreturn]] void stay_alive(const char* why) noexcept;

}  // namespace zinit
