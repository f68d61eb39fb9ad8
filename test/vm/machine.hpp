// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The common part of the boot tests: the machine with a shell for commands, and zinitctl's answers.
#pragma once

#include "base/json.hpp"
#include "support/test.hpp"
#include "vm/dialog.hpp"
#include "vm/harness/vm.hpp"

namespace zinit::vm {

using namespace test;

/// A service file /etc/zinit/services/NAME.toml.
[[nodiscard]] File service(const std::string& name, const std::string& text);

/// A file of the sample system's image, such as its kernel.
[[nodiscard]] std::string file_of_image(const std::string& name);

/// The sample system with additional files, booted until its target is reached.
class Machine : public Vm {
 public:
  explicit Machine(std::vector<File> files = {});

  /// Another system, booted until its login. VmOptions::shell is set, except for a machine with
  /// disks, because one of the disks has the service.
  explicit Machine(VmOptions options);

  /// The result of `zinitctl --json ARGUMENTS`. The command must succeed or, like `status`, report
  /// by its exit code that the service does not run.
  JsonDocument ask(const std::string& arguments);

  /// The output of `zinitctl ARGUMENTS`, which must succeed.
  std::string zinitctl(const std::string& arguments);

  /// The state of a service.
  std::string state(const std::string& name);

  /// Loads the kernel's software watchdog with `options`, and waits until it is armed.
  void load_watchdog(const std::string& options = {});

  /// The pid of a service, which must have one.
  int pid(const std::string& name);

  /// Switches to the root file system at /new (make_root()), and waits for a login.
  void switch_root();
};

/// Does one step of a test case whose steps share a machine, because a boot costs seconds. Each
/// step leaves the machine as the next step expects it. A failure shows the name of the step.
template <class Act>
void step(const std::string& name, const Act& act) {
  INFO(name);
  act();
}

/// Whether the images of machines with disks cannot be built: only root can build them.
[[nodiscard]] bool no_disk_images();

/// Waits until the machine has been up for that many more seconds.
void let_pass(Terminal& shell, int seconds);

/// Powers the machine off from its shell on the second line, and waits for its end.
void power_off(Vm& machine);

/// Leaves the emergency shell on the console. A shell that ends at once counts as a shell without a
/// user.
void leave_emergency_shell(Vm& machine);

/// Mounts a file system in memory at /new and copies the initramfs to it, with the host name
/// `inside`.
void make_root(Terminal& shell);

/// True if the words stand in the text in this order.
[[nodiscard]] bool in_order(const std::string& text, const std::vector<std::string>& words);

}  // namespace zinit::vm
