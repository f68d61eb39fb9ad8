// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The steps after all services are down (behaviour.md, "PID 1 in system mode", "At the end").
#pragma once

#include <string_view>

#include "base/function_ref.hpp"
#include "base/time.hpp"
#include "os/power.hpp"
#include "os/process.hpp"

namespace zinit {

/// Called about four times a second during a wait. It feeds the hardware watchdog, which resets the
/// machine if a step never returns.
using SignOfLife = FunctionRef<void()>;

/// Sends SIGTERM to all processes, and SIGKILL after 3 s to the remaining ones. For PID 1 only: all
/// of them are, or become, its children.
///
/// @param reap_some  reaps children that have ended; returns whether there may be more.
/// @param spared     returns whether to leave a process alone; empty: no process is spared.
/// SIGCHLD must be blocked. Blocks for a few seconds at most.
void kill_the_rest(FunctionRef<bool()> reap_some, SignOfLife alive,
                   FunctionRef<bool(const ProcessStat&)> spared = {});

/// Ends a machine: login records, sync, swap, file systems, reboot(2). Gives up a step that hangs.
/// If reboot(2) fails, a shell runs on the console.
///
/// If an upgrade has deleted the file of the running program, this file keeps its file system from
/// becoming read-only. A copy of the program in memory, named kLastStepsName, then takes the steps.
///
/// @param watchdog      descriptor of the hardware watchdog, fed during the steps; -1: none.
/// @param threads_hang  whether a thread may hang in the kernel: execve(2) would wait for it.
[[noreturn]] void leave_machine(PowerAction action, int watchdog, bool threads_hang);

/// The name of the copy when it is executed as PID 1.
inline constexpr std::string_view kLastStepsName = "zinit-last-steps";
/// Runs the copy, with the arguments that leave_machine() gives it.
int run_last_steps(int argc, char** argv);

}  // namespace zinit
