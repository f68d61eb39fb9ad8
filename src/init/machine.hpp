// System mode: PID 1 of a machine, from the kernel's first instruction for it to reboot(2)
// (behaviour.md, "PID 1 in system mode").
#pragma once

#include "init/gather.hpp"

namespace zinit {

/// Boots, runs and ends the machine. Whatever fails on the way is logged, and PID 1 goes on.
[[noreturn]] void run_machine(StartRequest request);

/// The steps of a boot before any service: mounts, log, console, keys, names. `console` and
/// `kernel` of the request are filled in.
void set_up_machine(StartRequest& request);

}  // namespace zinit
