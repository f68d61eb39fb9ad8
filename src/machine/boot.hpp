// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The boot of a machine, up to its server (behaviour.md, "PID 1 in system mode", 1 to 4).
//
// This room holds what only PID 1 of a machine does, before and after its server: boot.hpp (mounts,
// console), emergency.hpp (the shell), watchdog.hpp, utmp.hpp, switch_root.hpp (checks a new root),
// and last_steps.hpp (kills the rest, unmounts, powers off). server/start.cpp calls them in order.
#pragma once

#include <span>
#include <string>

#include "config/options.hpp"

namespace zinit {

/// The boot's findings about the machine.
struct BootedMachine {
  std::string console;  // its path, even if it cannot be opened
  KernelOptions kernel;
};

/// Takes the steps before any service: mounts, log, console, fault handlers, Ctrl-Alt-Del, host
/// name, loopback. Errors are logged, and the boot continues. Call it in PID 1, on the main thread,
/// before other threads start.
///
/// @param words  arguments that are not options: the kernel passes unknown words to init
/// @param again  after a re-execution: a host name that was changed later must stay
[[nodiscard]] BootedMachine boot_machine(std::span<const std::string> words, bool again);

}  // namespace zinit
