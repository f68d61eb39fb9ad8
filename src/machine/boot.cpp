// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The boot of a machine, step by step, up to its server.
#include "machine/boot.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/log.hpp"
#include "config/environment.hpp"
#include "os/console.hpp"
#include "os/mount.hpp"
#include "os/net.hpp"
#include "os/power.hpp"
#include "reexec/last_resort.hpp"

namespace zinit {

namespace {

constexpr std::size_t kCommandLineMax = 65536;
constexpr const char* kInitramfs = "/etc/initrd-release";

template <class T>
void log_if_failed(const Result<T>& result) {
  if (!result) log_warn("boot: {}", result.error().text);
}

std::vector<Error> mount_all() {
  std::vector<Error> faults;
  for (const MountRow& row : kSystemMounts)
    if (const auto mounted = mount_if_missing(row); !mounted) faults.push_back(mounted.error());
  const auto links = make_device_links();
  faults.insert(faults.end(), links.begin(), links.end());
  return faults;
}

/// By default the kernel drops lines that a process writes to /dev/kmsg beyond ten in five seconds,
/// and a boot logs more. If the kernel command line sets the limit, this write intentionally has no
/// effect.
void lift_kmsg_limit() {
  if (auto fd = open_fd("/proc/sys/kernel/printk_devkmsg", O_WRONLY))
    if (const auto written = write_all(fd->get(), "on\n", "printk_devkmsg"); !written)
      log_debug("boot: {}", written.error().text);
}

/// From here on zinit logs to the kernel's ring buffer, and the kernel shows it on the console.
void log_to_kernel() {
  auto fd = open_fd("/dev/kmsg", O_WRONLY | O_NOCTTY);
  if (!fd) return log_warn("boot: {}", fd.error().text);
  lift_kmsg_limit();
  set_log_descriptor(fd->release(), true);  // never closed
}

std::string read_command_line() {
  const auto text = read_file("/proc/cmdline", kCommandLineMax);
  if (text) return *text;
  log_warn("boot: {}", text.error().text);
  return {};
}

/// @return  the path of the console, even if it cannot be opened: it may work later.
std::string take_console(const std::string& command_line) {
  const auto paths = console_paths(command_line);
  auto console = open_console(paths);
  if (!console) {
    log_warn("boot: {}", console.error().text);
    return paths.back();
  }
  log_if_failed(make_standard_streams(console->fd.get()));
  return console->path;
}

/// The kernel passes unknown words to init as arguments. The kernel command line contains them too,
/// so the arguments matter only if the command line cannot be read.
KernelOptions read_kernel_options(std::string text, std::span<const std::string> words) {
  for (const std::string& word : words) text.append(" ").append(word);
  const KernelOptions options = parse_kernel_options(text);
  return ::access(kInitramfs, F_OK) == 0 ? for_initramfs(options) : options;
}

void set_up_keys() {
  log_if_failed(take_ctrl_alt_del());
  // Fails on most machines, which have no virtual terminal.
  if (const auto taken = take_keyboard_request(); !taken) log_debug("boot: {}", taken.error().text);
}

void set_up_own_process() {
  ::umask(022);
  if (::chdir("/") < 0) log_warn("boot: {}", sys_failure("change to", "/").value().text);
  if (::setenv("PATH", std::string(kDefaultPath).c_str(), 1) < 0)
    log_warn("boot: {}", sys_failure("set", "PATH").value().text);
}

}  // namespace

BootedMachine boot_machine(std::span<const std::string> words, bool again) {
  BootedMachine machine;
  const std::vector<Error> mount_faults = mount_all();
  log_if_failed(fill_standard_streams());
  log_to_kernel();
  const std::string command_line = read_command_line();
  machine.console = take_console(command_line);
  survive_faults(machine.console);
  log_debug("boot: console {}", machine.console);
  for (const Error& fault : mount_faults) log_warn("boot: {}", fault.text);
  machine.kernel = read_kernel_options(command_line, words);
  set_up_keys();
  if (!again) log_if_failed(set_hostname());  // keep later changes of the name
  log_if_failed(loopback_up());
  set_up_own_process();
  return machine;
}

}  // namespace zinit
