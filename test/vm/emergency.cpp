// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Unusual boots: no services, words on the kernel's command line, a shell on the console.
#include "vm/machine.hpp"

namespace zinit::vm::emergency {

SCENARIO("without any service file the machine stays up with a shell on the console") {
  const char* const arguments = GENERATE("", "zinit.config_dir=/nowhere");
  Vm machine({.kernel_arguments = arguments, .bare = true});
  play(machine, "no services");
}

SCENARIO("`emergency`, and a critical service that fails, give a shell, and the boot goes on") {
  Vm machine({.kernel_arguments = "emergency", .files = files_in("emergency"), .bare = true});
  play(machine, "emergency");
}

}  // namespace zinit::vm::emergency
