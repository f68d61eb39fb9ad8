// The steps after all services are down (behaviour.md, "PID 1 in system mode", "At the end").
#pragma once

#include <functional>

#include "base/time.hpp"
#include "init/shutdown.hpp"
#include "os/process.hpp"

namespace zinit {

/// Sends SIGTERM to all processes, and SIGKILL after 3 s to those that are left. For PID 1 only,
/// whose children they all are or become.
///
/// @param reap_some  reaps children that have ended; returns whether there may be more.
/// @param spared     whether to leave a process alone; empty: all are killed.
/// SIGCHLD must be blocked. Blocks for a few seconds at most.
void kill_the_rest(const std::function<bool()>& reap_some,
                   const std::function<bool(const ProcessStat&)>& spared = {});

/// Ends a machine: login records, sync, swap, file systems, reboot(2). A step that hangs is given
/// up. If reboot(2) fails there is a shell on the console.
[[noreturn]] void leave_machine(PowerAction action);

}  // namespace zinit
