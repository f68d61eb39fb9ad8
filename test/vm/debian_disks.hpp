// Debian 12 on disks (test/vm/disk-image makes them), for the tests that boot it.
#pragma once

#include <string>
#include <vector>

#include "vm/machine.hpp"

namespace zinit::vm {

/// The disks of one machine, which it is switched on with again and again.
struct DebianDisks {
  Disk root{"build/vm/disk/root.ext4"};
  Disk home{"build/vm/disk/home.ext4"};
  Disk swap{"build/vm/disk/swap"};

  /// Without an initramfs: zinit finds the root file system as the kernel mounts it, read-only.
  [[nodiscard]] VmOptions machine(const std::string& arguments = {}) const;

  /// Through the initramfs of etc/initramfs.
  [[nodiscard]] VmOptions machine_through_ours(const std::string& arguments = {}) const;

  /// Through Debian's own.
  [[nodiscard]] VmOptions machine_with_initrd() const;

  /// The machine is off, and has left nothing that a check would have to mend.
  void check_clean() const;
};

/// What the machine's shell comes to print.
void see(Machine& machine, const std::string& command, const std::string& output);

void await_running(Machine& machine, const std::vector<std::string>& services);

}  // namespace zinit::vm
