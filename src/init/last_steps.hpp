// The steps after all services are down (behaviour.md, "PID 1 in system mode", "At the end").
#pragma once

#include <functional>
#include <string_view>

#include "base/time.hpp"
#include "os/power.hpp"
#include "os/process.hpp"

namespace zinit {

/// Called about four times a second while something is waited for: a hardware watchdog is fed so,
/// and resets the machine if a step never returns.
using SignOfLife = std::function<void()>;

/// Sends SIGTERM to all processes, and SIGKILL after 3 s to those that are left. For PID 1 only,
/// whose children they all are or become.
///
/// @param reap_some  reaps children that have ended; returns whether there may be more.
/// @param spared     whether to leave a process alone; empty: all are killed.
/// SIGCHLD must be blocked. Blocks for a few seconds at most.
void kill_the_rest(const std::function<bool()>& reap_some, const SignOfLife& alive,
                   const std::function<bool(const ProcessStat&)>& spared = {});

/// Ends a machine: login records, sync, swap, file systems, reboot(2). A step that hangs is given
/// up. If reboot(2) fails there is a shell on the console.
///
/// A program whose file has been deleted, as an upgrade does, would keep the file system of that
/// from being made read-only: a copy of it in memory, called kLastStepsName, goes on in its place.
///
/// @param watchdog      descriptor of the hardware watchdog, which is fed meanwhile; -1: none.
/// @param threads_hang  whether a thread may hang in the kernel: execve(2) would wait for it.
[[noreturn]] void leave_machine(PowerAction action, int watchdog, bool threads_hang);

/// The name that the copy is executed by, as PID 1.
inline constexpr std::string_view kLastStepsName = "zinit-last-steps";
/// What it does, by the arguments that leave_machine() gives it.
int run_last_steps(int argc, char** argv);

}  // namespace zinit
