// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The machine with Debian on disks. See debian_disks.hpp.
#include "vm/debian_disks.hpp"
#include "vm/machine.hpp"

namespace zinit::vm {

VmOptions DebianDisks::machine(const std::string& arguments) const {
  return {.kernel_arguments = "root=/dev/nvme0n1 ro " + arguments,
          .memory_mib = 512,
          .folder = "build/vm/disk",
          .disks = {&root, &home, &swap},
          .initrd = false};
}

VmOptions DebianDisks::machine_through_ours(const std::string& arguments) const {
  VmOptions options = machine(arguments);
  options.folder = "build/vm/initramfs";
  options.initrd = true;
  return options;
}

VmOptions DebianDisks::machine_with_initrd() const {
  VmOptions options = machine();
  options.initrd = true;
  return options;
}

void DebianDisks::check_clean() const {
  for (const Disk* disk : {&root, &home}) {
    const Answer check = disk->check();
    INFO(check.output);
    CHECK(check.code == 0);
  }
}

void see(Machine& machine, const std::string& command, const std::string& output) {
  machine.shell().repeat_until(command, output);
}

void await_running(Machine& machine, const std::vector<std::string>& services) {
  for (const std::string& service : services)
    machine.zinitctl("wait " + service + " --for running --timeout 120");
}

}  // namespace zinit::vm
