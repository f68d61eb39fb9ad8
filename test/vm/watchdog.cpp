// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A machine with a watchdog that zinit feeds.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::watchdog {
namespace {

const std::string kState = "cat /sys/class/watchdog/watchdog0/state";

File settings(const std::string& timeout_ms) {
  return {"/etc/zinit/zinit.toml",
          "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = " + timeout_ms + "\n"};
}

/// Writes the settings into a running machine, and makes its zinit read them.
void reload(Machine& machine, const File& file) {
  machine.shell().output_of("printf '%s' '" + file.content + "' >" + file.path);
  machine.zinitctl("reload");
}

/// Freezes PID 1: no signal stops it, but the freezer of its cgroup does.
const std::string kFreezePid1 =
    "mkdir /sys/fs/cgroup/ice && echo 1 >/sys/fs/cgroup/ice/cgroup.procs && "
    "echo 1 >/sys/fs/cgroup/ice/cgroup.freeze";

void check_late_driver(Machine& machine) {
  machine.load_watchdog();
  machine.shell().repeat_until("cat /sys/class/watchdog/watchdog0/timeout", "3");
  let_pass(machine.shell(), 6);
}

void check_disarmed(Machine& machine) {
  machine.shell().output_of("rm /etc/zinit/zinit.toml; zinitctl reload");
  machine.shell().repeat_until(kState, "inactive");
  machine.shell().output_of("rmmod softdog watchdog");
}

/// A timeout of a day, which softdog refuses, and its own timeout of 4 s.
void check_refused_timeout(Machine& machine) {
  reload(machine, settings("86400000"));
  machine.load_watchdog("soft_margin=4");
  let_pass(machine.shell(), 9);
  CHECK(machine.shell().output_of("cat /sys/class/watchdog/watchdog0/timeout") == "4\n");
  CHECK(machine.zinitctl("logs zinit -n all")
            .find("feeding /dev/watchdog every 2.0 s; without this it resets the machine after 4.0 "
                  "s") != std::string::npos);
}

/// zinit re-executes itself repeatedly, for longer than the timeout.
void check_fed_by_images(Machine& machine) {
  reload(machine, settings("3000"));
  machine.shell().repeat_until("cat /sys/class/watchdog/watchdog0/timeout", "3");
  Terminal& shell = machine.shell();
  const double begun = std::stod(shell.output_of("cat /proc/uptime"));
  const std::string later = fmt::format("awk '{{ print ($1 > {}) }}' /proc/uptime", begun + 7);
  while (shell.output_of(later) == "0\n") machine.zinitctl("reexec");
  CHECK(shell.output_of(kState) == "active\n");
  CHECK_THAT(machine.console().text(), !Contains("softdog: Initiating system reboot"));
}

void check_fed_by_another_root(Machine& machine) {
  make_root(machine.shell());
  machine.switch_root();
  CHECK(machine.shell().output_of(kState) == "active\n");
  let_pass(machine.shell(), 6);
  CHECK_THAT(machine.console().text(), !Contains("watchdog did not stop"));
}

void await_reset(Machine& machine) {
  machine.console().wait_for("softdog: Initiating system reboot");
  CHECK(machine.wait_for_end() == 0);
}

SCENARIO("a watchdog is fed from when its driver comes until it is unwanted or zinit hangs") {
  Machine machine({settings("3000")});  // without a driver so far
  step("the driver comes, has the timeout, and the machine lives for longer than that",
       [&] { check_late_driver(machine); });
  step("it is taken out of the settings, and disarmed", [&] { check_disarmed(machine); });
  step("a driver refuses the timeout: its own is fed, and the log has that",
       [&] { check_refused_timeout(machine); });
  step("zinit executes itself: it stays armed and fed", [&] { check_fed_by_images(machine); });
  step("zinit hangs: the machine is reset", [&] {
    machine.shell().send(kFreezePid1 + "\n");
    await_reset(machine);
  });
}

SCENARIO("a watchdog is fed through a switch-root, and resets a machine that hangs at its end") {
  Machine machine({settings("3000"), service("freezer",
                                             "[service]\nexec = \"/bin/sleep 100000\"\n"
                                             "stop_exec = \"" +
                                                 kFreezePid1 + "\"\nstatus = \"stop\"\n")});
  machine.load_watchdog();
  step("it is armed still in another root, and the machine lives",
       [&] { check_fed_by_another_root(machine); });
  step("zinit hangs in the middle of a shutdown: the machine is reset", [&] {
    machine.zinitctl("start freezer");
    machine.shell().send("zinitctl poweroff\n");
    machine.console().wait_for("freezer: stopping");
    await_reset(machine);
    CHECK_THAT(machine.console().text(), !Contains("power off now"));
  });
}

}  // namespace
}  // namespace zinit::vm::watchdog
