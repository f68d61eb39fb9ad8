// reboot(2) and the keyboard's two signals. See power.hpp.
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
  MachineAction action;
  unsigned command;
  const char* verb;
};

constexpr ActionRow kActions[] = {
    {MachineAction::power_off, LINUX_REBOOT_CMD_POWER_OFF, "power off"},
    {MachineAction::restart, LINUX_REBOOT_CMD_RESTART, "restart"},
    {MachineAction::halt, LINUX_REBOOT_CMD_HALT, "halt"},
    {MachineAction::kexec, LINUX_REBOOT_CMD_KEXEC, "boot the loaded kernel of"},
};

}  // namespace

Error end_machine(MachineAction action) noexcept {
  const ActionRow& row = kActions[static_cast<std::size_t>(action)];
  ::reboot(static_cast<int>(row.command));
  const int errnum = errno;
  try {
    return sys_failure(row.verb, "the machine", errnum).value();
  } catch (...) {
    return Error{"reboot failed", errnum};  // short enough to need no memory
  }
}

Result<void> take_ctrl_alt_del() {
  if (::reboot(RB_DISABLE_CAD) < 0) return sys_failure("take", "Ctrl-Alt-Del");
  return {};
}

Result<void> take_keyboard_request() {
  auto fd = open_fd("/dev/tty0", O_RDONLY | O_NOCTTY | O_NONBLOCK);
  if (!fd) return Failure(fd.error());
  if (::ioctl(fd->get(), KDSIGACCEPT, SIGWINCH) < 0)
    return sys_failure("take", "the keyboard's request");
  return {};
}

}  // namespace zinit
