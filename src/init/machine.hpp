// System mode: PID 1 of a machine, from its start to reboot(2) (behaviour.md, "PID 1 in system
// mode").
#pragma once

#include "init/prepare_server.hpp"

namespace zinit {

/// Boots, runs and ends the machine. Errors are logged, and PID 1 continues.
[[noreturn]] void run_machine(StartRequest request);

}  // namespace zinit
