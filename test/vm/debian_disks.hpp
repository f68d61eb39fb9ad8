// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Debian 12 on disks (test/vm/disk-image makes them), for the tests that boot it.
#pragma once

#include <string>
#include <vector>

#include "vm/machine.hpp"

namespace zinit::vm {

/// The disks of one machine, which is switched on several times.
struct DebianDisks {
  Disk root{"build/vm/disk/root.ext4"};
  Disk home{"build/vm/disk/home.ext4"};
  Disk swap{"build/vm/disk/swap"};

  /// Without an initramfs: zinit finds the root file system as the kernel mounts it, read-only.
  [[nodiscard]] VmOptions machine(const std::string& arguments = {}) const;

  /// Through the initramfs of etc/initramfs.
  [[nodiscard]] VmOptions machine_through_ours(const std::string& arguments = {}) const;

  /// Through Debian's own initramfs.
  [[nodiscard]] VmOptions machine_with_initrd() const;

  /// Checks that the machine, now off, has left file systems that need no repair.
  void check_clean() const;
};

/// Repeats the command until it prints the output.
void see(Machine& machine, const std::string& command, const std::string& output);

void await_running(Machine& machine, const std::vector<std::string>& services);

}  // namespace zinit::vm
