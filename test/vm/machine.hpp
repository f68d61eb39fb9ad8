// What the boot tests share: the machine with a shell for commands, and zinitctl's answers.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "support/catch.hpp"
#include "vm/harness/vm.hpp"

namespace zinit::vm {

/// A service file /etc/zinit/services/NAME.toml.
[[nodiscard]] File service(const std::string& name, const std::string& text);

/// The content of a file of the sample system's image, such as its kernel.
[[nodiscard]] std::string file_of_image(const std::string& name);

/// The sample system with the files added, booted until its target is reached.
class Machine : public Vm {
 public:
  explicit Machine(std::vector<File> files = {});

  /// Another system, booted until its login. VmOptions::shell is set, but for a machine with disks:
  /// one of them has that service.
  explicit Machine(VmOptions options);

  /// The result of `zinitctl --json ARGUMENTS`, which must succeed or, as `status` does, tell by
  /// its exit code that the service does not run.
  JsonDocument ask(const std::string& arguments);

  /// `zinitctl ARGUMENTS`, which must succeed.
  std::string zinitctl(const std::string& arguments);

  /// state of a service
  std::string state(const std::string& name);

  /// Loads the kernel's watchdog in software, with `options`, and waits until it is armed.
  void load_watchdog(const std::string& options = {});

  /// pid of a service, which must have one
  int pid(const std::string& name);

  /// Goes over to the root file system at /new (make_root()), until zinit has booted to a login.
  void switch_root();
};

/// Does one step of a test case whose steps share a machine, for a boot costs seconds. Each step
/// leaves the machine as the next one expects it. A failure is shown with the step's name.
template <class Act>
void step(const std::string& name, const Act& act) {
  INFO(name);
  act();
}

/// Whether the images of machines with disks cannot be built: only root can.
[[nodiscard]] bool no_disk_images();

/// Waits until the machine has been up for so many seconds more.
void let_pass(Terminal& shell, int seconds);

/// Has the machine powered off by its shell on the second line, and waits for its end.
void power_off(Vm& machine);

/// Leaves the emergency shell on the console. A shell that ends at once is taken for one that has
/// nobody at it.
void leave_emergency_shell(Vm& machine);

/// Mounts a file system in memory at /new and copies what is in the initramfs to it, with the host
/// name `inside`.
void make_root(Terminal& shell);

/// True where the words stand in the text one after the other.
[[nodiscard]] bool in_order(const std::string& text, const std::vector<std::string>& words);

}  // namespace zinit::vm
