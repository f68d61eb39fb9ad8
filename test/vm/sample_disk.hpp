// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The sample system on a partition of a disk, and the initramfs of etc/initramfs, which switches to
// it (test/vm/initramfs-image makes both), for the tests that boot them.
#pragma once

#include <string>

#include "vm/machine.hpp"

namespace zinit::vm {

struct SampleDisk {
  Disk spare{"build/vm/initramfs/spare"};    ///< empty; the kernel has its driver built in
  Disk root{"build/vm/initramfs/root.gpt"};  ///< its driver is a module

  /// Both the initramfs and the system have a shell on the second line.
  [[nodiscard]] VmOptions machine(const std::string& arguments) const;

  /// Checks that the machine, now off, has left file systems that need no repair.
  void check_clean() const;
};

/// Waits for the login of the sample system, with its root file system mounted like `root`.
void await_system(Vm& machine, const std::string& root);

}  // namespace zinit::vm
