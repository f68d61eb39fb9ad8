// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A machine boots, works and goes down: the sample system. A booted machine keeps its services up,
// while the wall clock jumps and where the kernel makes no more processes.
#include "base/fd.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::boot {

/// More than a file of the image has.
constexpr std::size_t kMost = std::size_t{64} << 20;

SCENARIO("the sample system boots from an initramfs in order, serves, and powers off in order") {
  // The kernel passes on the unknown word, which must not count as a verb of zinitctl.
  play("the sample system", {.kernel_arguments = "top", .program = "/sbin/zinit"});
}

SCENARIO("kexec ends the machine in order and goes on with the kernel that was loaded") {
  play("kexec", {.files = {{"/boot/vmlinuz", read_file("build/vm/vmlinuz", kMost).value()},
                           {"/boot/initrd", read_file("build/vm/initrd", kMost).value()}},
                 .memory_mib = 768});
}

SCENARIO("services that die come back, and what is wrong with others is said and harms no more") {
  play("supervise");
}

SCENARIO("a clock that jumps fires timers that are due, no other, and moves no delay or timeout") {
  play("a clock that jumps");
}

SCENARIO("where the kernel makes no more processes, spawns wait, and succeed once there is room") {
  play("shortage");
}

}  // namespace zinit::vm::boot
