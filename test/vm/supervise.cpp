// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A booted machine keeps its services up and reports their faults.
#include "vm/machine.hpp"

namespace zinit::vm::supervise {

SCENARIO("services that die come back, and what is wrong with others is said and harms no more") {
  play("supervise");
}

}  // namespace zinit::vm::supervise
