// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calls reboot(2), and takes the keyboard's two signals. See power.hpp.
#include "os/power.hpp"

#include <fcntl.h>
#include <linux/kd.h>
#include <linux/reboot.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>

#include <csignal>

#include "base/fd.hpp"

namespace zinit {

namespace {

struct ActionRow {
  unsigned command;  // of reboot(2)
  const char* text;
};

constexpr ActionRow kActions[] = {  // in the order of PowerAction
    {LINUX_REBOOT_CMD_POWER_OFF, "shut down"},
    {LINUX_REBOOT_CMD_POWER_OFF, "power off"},
    {LINUX_REBOOT_CMD_RESTART, "reboot"},
    {LINUX_REBOOT_CMD_HALT, "halt"},
    {LINUX_REBOOT_CMD_KEXEC, "kexec"},
    {LINUX_REBOOT_CMD_CAD_OFF, "switch-root"},
};
static_assert(std::size(kActions) == static_cast<std::size_t>(PowerAction::switch_root) + 1);

}  // namespace

std::string_view power_action_text(PowerAction action) noexcept {
  return kActions[static_cast<std::size_t>(action)].text;
}

Error end_machine(PowerAction action) noexcept {
  const ActionRow& row = kActions[static_cast<std::size_t>(action)];
  ::reboot(static_cast<int>(row.command));
  const int errnum = errno;
  try {
    return sys_failure(row.text, "the machine", errnum).value();
  } catch (...) {
    return Error{"reboot failed", errnum};  // short enough to need no memory
  }
}

bool kernel_is_loaded() {
  const auto text = read_file("/sys/kernel/kexec_loaded", 16);
  return text && text->starts_with('1');
}

Result<void> take_ctrl_alt_del() {
  if (::reboot(RB_DISABLE_CAD) < 0) return sys_failure("take", "Ctrl-Alt-Del");
  return {};
}

void give_back_ctrl_alt_del() noexcept { ::reboot(static_cast<int>(RB_ENABLE_CAD)); }

Result<void> take_keyboard_request() {
  auto fd = open_fd("/dev/tty0", O_RDONLY | O_NOCTTY | O_NONBLOCK);
  if (!fd) return Failure(fd.error());
  if (::ioctl(fd->get(), KDSIGACCEPT, SIGWINCH) < 0)
    return sys_failure("take", "the keyboard's request");
  return {};
}

}  // namespace zinit
