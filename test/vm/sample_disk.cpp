// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sample system on a disk. See sample_disk.hpp.
#include "vm/sample_disk.hpp"
#include "vm/machine.hpp"

namespace zinit::vm {

VmOptions SampleDisk::machine(const std::string& arguments) const {
  return {.kernel_arguments = arguments,
          .shell = true,
          .folder = "build/vm/initramfs",
          .disks = {&spare, &root}};
}

void SampleDisk::check_clean() const {
  constexpr std::size_t kPartition = 1048576;  // test/vm/initramfs-image
  const Answer check = root.check(kPartition);
  INFO(check.output);
  CHECK(check.code == 0);
}

void await_system(Vm& machine, const std::string& root) {
  machine.console().wait_for("sample login: ");
  CHECK_THAT(machine.shell().output_of("grep ' / ' /proc/mounts"), Catch::Matchers::Contains(root));
}

}  // namespace zinit::vm
