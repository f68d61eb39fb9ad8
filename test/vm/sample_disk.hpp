// The sample system on a partition of a disk, and the initramfs of etc/initramfs, which goes over
// to it (test/vm/initramfs-image makes both), for the tests that boot them.
#pragma once

#include <string>

#include "vm/machine.hpp"

namespace zinit::vm {

struct SampleDisk {
  Disk spare{"build/vm/initramfs/spare"};    ///< empty; the kernel knows it by itself
  Disk root{"build/vm/initramfs/root.gpt"};  ///< its driver is a module

  /// Both the initramfs and the system have a shell on the second line.
  [[nodiscard]] VmOptions machine(const std::string& arguments) const;

  /// The machine is off, and has left nothing that a check would have to mend.
  void check_clean() const;
};

/// Waits for the login of the sample system, whose root file system is mounted as this says.
void await_system(Vm& machine, const std::string& root);

}  // namespace zinit::vm
