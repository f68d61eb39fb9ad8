// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The disks of machines that are switched on several times: Debian 12 (test/vm/disk-image makes
// them), and the sample system on a partition of a disk, with the initramfs of etc/initramfs, which
// switches to it (test/vm/initramfs-image makes both).
#pragma once

#include <string>
#include <vector>

#include "vm/machine.hpp"

namespace zinit::vm {

/// Checks that the machine, now off, has left a file system that needs no repair. Its begin on the
/// disk is in bytes.
inline void check_clean(const Disk& disk, std::size_t begin = 0) {
  const Answer check = disk.check(begin);
  INFO(check.output);
  CHECK(check.code == 0);
}

struct DebianDisks {
  Disk root{"build/vm/disk/root.ext4"};
  Disk home{"build/vm/disk/home.ext4"};
  Disk swap{"build/vm/disk/swap"};

  /// Without an initramfs: zinit finds the root file system as the kernel mounts it, read-only.
  [[nodiscard]] VmOptions machine(const std::string& arguments = {}) const {
    return {.kernel_arguments = "root=/dev/nvme0n1 ro " + arguments,
            .memory_mib = 512,
            .folder = "build/vm/disk",
            .disks = {&root, &home, &swap},
            .initrd = false};
  }

  /// Through the initramfs of etc/initramfs.
  [[nodiscard]] VmOptions machine_through_ours(const std::string& arguments = {}) const {
    VmOptions options = machine(arguments);
    options.folder = "build/vm/initramfs";
    options.initrd = true;
    return options;
  }

  /// Through Debian's own initramfs.
  [[nodiscard]] VmOptions machine_with_initrd() const {
    VmOptions options = machine();
    options.initrd = true;
    return options;
  }

  void check_clean() const {
    for (const Disk* disk : {&root, &home}) vm::check_clean(*disk);
  }
};

struct SampleDisk {
  Disk spare{"build/vm/initramfs/spare"};    ///< empty; the kernel has its driver built in
  Disk root{"build/vm/initramfs/root.gpt"};  ///< its driver is a module

  /// Both the initramfs and the system have a shell on the second line.
  [[nodiscard]] VmOptions machine(const std::string& arguments) const {
    return {.kernel_arguments = arguments,
            .shell = true,
            .folder = "build/vm/initramfs",
            .disks = {&spare, &root}};
  }

  void check_clean() const { vm::check_clean(root, 1048576); }  // test/vm/initramfs-image
};

/// Waits for the login of the sample system, with its root file system mounted like `root`.
inline void await_system(Vm& machine, const std::string& root) {
  machine.console().wait_for("sample login: ");
  CHECK_THAT(machine.shell().output_of("grep ' / ' /proc/mounts"), Catch::Matchers::Contains(root));
}

/// Repeats the command until it prints the output.
inline void see(Machine& machine, const std::string& command, const std::string& output) {
  machine.shell().repeat_until(command, output);
}

inline void await_running(Machine& machine, const std::vector<std::string>& services) {
  for (const std::string& service : services)
    machine.zinitctl("wait " + service + " --for running --timeout 120");
}

}  // namespace zinit::vm
