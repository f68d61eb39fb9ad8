// What zinit does after a fatal fault in itself: it says where that was, writes a core file if one
// is configured, and executes itself anew with all services (init/reexecution.hpp). If that cannot
// help, for it was the fifth fault within a minute, PID 1 of a machine keeps a shell running on the
// console and reaps, since the kernel would panic if it ended. Others exit with 70.
//
// Everything here is async-signal-safe, for a fault may come anywhere: no heap, no locks.
#pragma once

#include <string_view>

namespace zinit {

/// From now on a fault of this process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, an uncaught
/// exception) is answered as above. Where a shell is the answer, the thread at fault starts it and
/// then waits for ever, for it may hold locks. The main thread, whichever was at fault, abandons
/// what it was doing and only reaps, since nobody else would. Other threads go on until they need a
/// lock that is held.
///
/// The same signals sent by another process count as faults too, but before prepare_execution() has
/// been called they are ignored, as the kernel does for a PID 1 without handlers.
///
/// @param log_fd   where messages go, one write(2) for each line; must stay open.
/// @param console  the terminal of the shell, at most 255 bytes; empty if zinit is not PID 1 of a
///                 machine.
/// To be called before other threads run.
void survive_faults(int log_fd, std::string_view console) noexcept;

/// The exit status after too many faults.
inline constexpr int kTooManyFaults = 70;

/// For when PID 1 cannot go on for another reason: logs `why`, keeps a shell running and reaps, for
/// ever. The console is that of survive_faults(), or /dev/console.
[[noreturn]] void stay_alive(const char* why) noexcept;

}  // namespace zinit
