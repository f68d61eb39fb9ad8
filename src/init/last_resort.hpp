// What PID 1 of a machine does when it can do nothing else: the kernel panics when it ends, so it
// stays, tells why, keeps a shell on the console for whoever can help, and reaps.
//
// Everything here works without the heap and without locks, for a fault may have come at any place.
#pragma once

#include <string_view>

namespace zinit {

/// From here on a fault of this process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, an uncaught
/// exception) does not end it: the thread at fault starts the shell and waits for ever, with the
/// locks that it may hold. The main thread, whoever was at fault, leaves what it was doing and
/// reaps from now on, as nobody else will; other threads go on as far as they come.
///
/// The same signals sent by another process are ignored, as the kernel does for PID 1 without a
/// handler.
///
/// @param log_fd   where the message goes, one write(2) a line; stays open.
/// @param console  the terminal of the shell; at most 255 bytes.
/// Before other threads run.
void survive_faults(int log_fd, std::string_view console) noexcept;

/// The same for what is no fault of the program's but leaves it nothing to do: says `why`, keeps a
/// shell running and reaps, for ever. The console is that of survive_faults(), or /dev/console.
[[noreturn]] void stay_alive(const char* why) noexcept;

}  // namespace zinit
