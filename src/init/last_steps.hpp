// What comes after the services are down (behaviour.md, "PID 1 in system mode", "At the end").
#pragma once

#include <functional>

#include "base/time.hpp"
#include "init/shutdown.hpp"

namespace zinit {

/// SIGTERM to every process left, SIGKILL 3 s later, or earlier where none is left. For PID 1: all
/// that is left are its children, or will be.
///
/// @param reap_some  reaps children that have ended; true: there may be more.
/// SIGCHLD is blocked. Blocks, a few seconds at the most.
void kill_the_rest(const std::function<bool()>& reap_some);

/// The end of a machine: the records of the shutdown, sync, swap, file systems, reboot(2). What
/// hangs is given up. Where the kernel refuses, a shell on the console is what is left.
[[noreturn]] void leave_machine(ShutdownKind kind);

}  // namespace zinit
