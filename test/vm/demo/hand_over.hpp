// Gives the console of a virtual machine to the person at the terminal.
#pragma once

#include "vm/harness/vm.hpp"

namespace zinit::vm {

/// Connects the process's terminal, made raw meanwhile, with the console, until the machine ends or
/// Ctrl-] is typed or the process is told to end by SIGTERM, SIGHUP or SIGINT. The terminal is as
/// before then.
///
/// @return  true where the machine ended by itself
[[nodiscard]] bool hand_over(Vm& vm);

}  // namespace zinit::vm
