// What PID 1 of a machine does after a fatal fault. The kernel would panic if it ended, so it says
// why, keeps a shell running on the console, and reaps.
//
// Everything here is async-signal-safe, for a fault may come anywhere: no heap, no locks.
#pragma once

#include <string_view>

namespace zinit {

/// From now on a fault of this process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, an uncaught
/// exception) does not end it. The thread at fault starts the shell and then waits for ever, for it
/// may hold locks. The main thread, whichever was at fault, abandons what it was doing and only
/// reaps, since nobody else would. Other threads go on until they need a lock that is held.
///
/// The same signals sent by another process are ignored, as the kernel does for a PID 1 without
/// handlers.
///
/// @param log_fd   where messages go, one write(2) for each line; must stay open.
/// @param console  the terminal of the shell; at most 255 bytes.
/// To be called before other threads run.
void survive_faults(int log_fd, std::string_view console) noexcept;

/// For when PID 1 cannot go on for another reason: logs `why`, keeps a shell running and reaps, for
/// ever. The console is that of survive_faults(), or /dev/console.
[[noreturn]] void stay_alive(const char* why) noexcept;

}  // namespace zinit
