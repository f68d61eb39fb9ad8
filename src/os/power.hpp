// The machine's power, and the keys that ask for it.
#pragma once

#include "base/result.hpp"

namespace zinit {

enum class MachineAction {
  power_off,
  restart,
  halt,
  kexec,  // into the kernel that was loaded before
};

/// reboot(2). Nothing is synced or unmounted here. In a PID namespace other than the first it
/// ends the namespace, which its parent sees as a death by SIGHUP or SIGINT. @return  only where
/// it failed: EPERM, or EINVAL without a kernel for kexec.
[[nodiscard]] Error end_machine(MachineAction action) noexcept;

/// Ctrl-Alt-Del is sent to PID 1 as SIGINT instead of restarting the machine at once.
[[nodiscard]] Result<void> take_ctrl_alt_del();

/// The keyboard's request (Alt and the up arrow) is sent to this process as SIGWINCH. A machine
/// without a virtual terminal has none: ENOENT, ENXIO or ENODEV. (console_ioctl, KDSIGACCEPT)
[[nodiscard]] Result<void> take_keyboard_request();

}  // namespace zinit
