// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The kernel does not allow more processes: spawns wait, and succeed when there is room.
#include "vm/machine.hpp"

namespace zinit::vm::shortage {

SCENARIO("where the kernel makes no more processes, spawns wait, and succeed once there is room") {
  play("shortage");
}

}  // namespace zinit::vm::shortage
