// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The wall clock jumps, and no wait of zinit changes.
#include "vm/machine.hpp"

namespace zinit::vm::clock {

SCENARIO("a clock that jumps fires timers that are due, no other, and moves no delay or timeout") {
  play("a clock that jumps");
}

}  // namespace zinit::vm::clock
