// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Gives the console of a virtual machine to the user at the terminal.
#pragma once

#include "vm/harness/vm.hpp"

namespace zinit::vm {

/// Connects the process's terminal, in raw mode, with the console. Returns when the machine has
/// ended, Ctrl-] was typed, or the process got SIGTERM, SIGHUP or SIGINT. Then restores the
/// terminal.
///
/// @return  true if the machine ended by itself
[[nodiscard]] bool hand_over(Vm& vm);

}  // namespace zinit::vm
