// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The machine's power, and the keys that ask to end it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// How a server or a machine ends.
enum class PowerAction : std::uint8_t {
  shut_down,  // stop the services and end zinit; PID 1 of a machine powers it off
  power_off,
  reboot,
  halt,
  kexec,        // into the loaded kernel
  switch_root,  // no end of the machine: PID 1 becomes another program in another root
};

/// "power off", for logs and messages.
[[nodiscard]] std::string_view power_action_text(PowerAction action) noexcept;

/// Calls reboot(2) for any action but switch_root, without sync or unmounting. In a PID namespace
/// other than the first it ends the namespace: the parent sees PID 1 die by SIGHUP or SIGINT.
/// Returns only if it fails: EPERM.
[[nodiscard]] Error end_machine(PowerAction action) noexcept;

/// Whether a kernel is loaded that PowerAction::kexec can start. (kexec_load(2); the kernel's
/// Documentation/ABI/testing/sysfs-kernel-kexec-kdump)
[[nodiscard]] bool kernel_is_loaded();

/// Makes Ctrl-Alt-Del send SIGINT to PID 1, instead of restarting the machine at once.
[[nodiscard]] Result<void> take_ctrl_alt_del();
/// Undoes take_ctrl_alt_del(): the kernel's state when it starts PID 1.
void give_back_ctrl_alt_del() noexcept;

/// Makes the keyboard request (Alt and the up arrow) send SIGWINCH to this process. Fails with
/// ENOENT, ENXIO or ENODEV on a machine without a virtual terminal. (ioctl_console(2), KDSIGACCEPT)
[[nodiscard]] Result<void> take_keyboard_request();

}  // namespace zinit
