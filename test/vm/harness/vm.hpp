// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A virtual machine for the boot tests and for `make run`: QEMU with the kernel and the initramfs
// of build/vm (test/vm/image makes them), two serial lines and QEMU's monitor.
//
// The first line, ttyS0, is the console of the kernel, zinit and the login of the sample system.
// The second, ttyS1, gives tests the output of commands without other output: with VmOptions::shell
// a service of the machine runs a shell there.
//
// QEMU is a child of the process. The Vm kills it by its pid, and the kernel kills it if the
// process dies first. Only tcg: hardware virtualisation may hang in nested machines.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "vm/harness/archive.hpp"
#include "vm/harness/disk.hpp"
#include "vm/harness/terminal.hpp"

namespace zinit::vm {

struct VmOptions {
  std::string kernel_arguments{};  ///< in addition to those of every boot
  std::vector<File> files{};       ///< added to the image
  bool shell = false;              ///< adds a service `test-shell`, a shell on the second line
  std::string program{};           ///< PID 1 in place of /init
  bool bare = false;               ///< no service files except those in `files`
  unsigned memory_mib = 256;
  /// The folder of the kernel and the initramfs.
  std::string folder = "build/vm";
  /// The first is an NVMe disk, which the kernel knows without a module; the others are
  /// paravirtual: vda and so on. A machine with disks also has a network card in a network of QEMU,
  /// which only answers DHCP.
  std::vector<const Disk*> disks{};
  bool initrd = true;  ///< false: the kernel mounts its root file system from a disk
};

class Vm {
 public:
  /// Switches the machine on and returns at once. Throws std::runtime_error if QEMU cannot be
  /// executed or the image is missing.
  explicit Vm(const VmOptions& options = {});
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  [[nodiscard]] Terminal& console() { return console_; }
  [[nodiscard]] Terminal& shell() { return shell_; }

  /// Logs in as root at the prompt of the sample system's getty; console() then is a shell.
  void log_in();

  /// Presses Ctrl-Alt-Del.
  void press_ctrl_alt_del();

  void press_power_button();

  /// Waits until QEMU ends by itself, when the machine powers off or resets.
  /// @return  QEMU's exit code, 0 for success; throws if QEMU does not end in time.
  int wait_for_end(Milliseconds limit = kPatience);

  /// Waits for input on the lines and on `also` (-1: none), and makes the lines read.
  /// @return  false if the machine has ended and all its output is read.
  bool pump(TimePoint deadline, int also = -1);

 private:
  void start(const VmOptions& options, int console, int shell, int monitor);
  bool reap(bool wait);

  Terminal console_;
  Terminal shell_;
  Terminal monitor_;
  UniqueFd initrd_;
  int pid_ = -1;
  int status_ = 0;
};

}  // namespace zinit::vm
