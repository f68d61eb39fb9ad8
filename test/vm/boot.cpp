// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A machine boots, works and goes down: the unchanged sample system, under both names of its init.
#include "vm/machine.hpp"
namespace zinit::vm::boot {
namespace {

void check_boot_order(Machine& machine) {
  machine.zinitctl("wait web --for running --timeout 120");
  const std::string boot = machine.console().text();
  INFO(boot);
  CHECK(in_order(boot, {"loopback: starting", "network: running", "redis: starting",
                        "redis: running", "web: starting"}));
  CHECK(in_order(boot, {"syslogd: running", "klogd: starting"}));
  CHECK(in_order(boot, {"basic: running", "getty@ttyS0: starting"}));
}

/// Powers off a machine on which processes refuse to end.
void check_stop_order(Machine& machine) {
  machine.shell().output_of("setsid sh -c \"trap '' TERM; while :; do sleep 1; done\" &");
  const std::size_t up = machine.console().text().size();
  machine.shell().send("zinitctl poweroff\n");
  machine.console().wait_for("reboot: Power down");
  const std::string down = machine.console().text().substr(up);
  INFO(down);
  CHECK(in_order(down, {"web: stopped", "redis: stopped"}));
  CHECK(in_order(down, {"redis: stopped", "syslogd: stopped"}));
  CHECK(in_order(down, {"klogd: stopped", "syslogd: stopped"}));
  CHECK(machine.wait_for_end() == 0);
}

void check_mounts(Terminal& shell) {
  const std::string mounts = shell.output_of("cat /proc/mounts");
  INFO(mounts);
  for (const char* folder :
       {"/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/run", "/sys/fs/cgroup"})
    CHECK(mounts.find(std::string(" ") + folder + " ") != std::string::npos);
  CHECK(shell.output_of("grep ' /run ' /proc/mounts").find("nosuid,nodev") != std::string::npos);
  CHECK(shell.output_of("grep ' /sys ' /proc/mounts").find("noexec") != std::string::npos);
  for (const char* link : {"fd", "fd/0", "fd/1", "fd/2"})
    CHECK(shell.output_of("ls -l /dev").find(std::string("/proc/self/") + link + "\n") !=
          std::string::npos);
}

void check_kexec_refused(Machine& machine) {
  const Answer refused = machine.shell().run("zinitctl kexec");
  CHECK(refused.code == 1);
  CHECK_THAT(refused.output, Contains("no kernel is loaded") && Contains("kexec -l"));
  CHECK(machine.state("redis") == "running");
}

void check_kexec(Machine& machine) {
  machine.shell().output_of(
      "kexec -l /boot/vmlinuz --initrd=/boot/initrd --append=\"$(cat /proc/cmdline) again\"");
  machine.shell().send("zinitctl kexec\n");
  machine.console().wait_for("redis: stopped");
  machine.console().wait_for("Starting new kernel");
  machine.log_in();
  CHECK_THAT(machine.console().output_of("cat /proc/cmdline"), Contains(" again"));
}

SCENARIO("the sample system boots from an initramfs, serves, lets root in and powers off") {
  // The kernel passes on the unknown word, which must not count as a verb of zinitctl.
  Vm vm({.kernel_arguments = "top", .program = "/sbin/zinit"});
  vm.log_in();
  CHECK(vm.console().output_of("readlink /proc/1/exe") == "/sbin/zinit\n");
  vm.console().output_of("zinitctl wait multi-user --for running --timeout 120");
  vm.console().repeat_until("redis-cli ping", "PONG");
  CHECK(vm.console().output_of("readlink /proc/$$/fd/0") == "/dev/ttyS0\n");
  CHECK(vm.console().output_of("hostname") == "sample\n");
  CHECK_THAT(vm.console().output_of("grep 'open files' /proc/$$/limits"),
             Contains(" 1024 ") && Contains(" 524288 "));
  vm.console().send("zinitctl poweroff\n");
  vm.console().wait_for("reboot: Power down");
  CHECK(vm.wait_for_end() == 0);
}

SCENARIO("starts are in the order of dependencies, stops in the opposite one, and nobody resists") {
  Machine machine({service("web",
                           "[service]\nexec = \"sleep 1000\"\n"
                           "[dependencies]\nrequires = [\"redis\"]\n"),
                   service("stubborn",
                           "[service]\nexec = \"trap '' TERM; while :; do sleep 1; done\"\n"
                           "[lifecycle]\nstop_timeout_ms = 500\n")});
  step("the console shows what a service requires before it", [&] { check_boot_order(machine); });
  step("what requires another is down before that, and a stray process holds up nothing",
       [&] { check_stop_order(machine); });
}

SCENARIO("kexec ends the machine in order and goes on with the kernel that was loaded") {
  Machine machine({.files = {{"/boot/vmlinuz", file_of_image("vmlinuz")},
                             {"/boot/initrd", file_of_image("initrd")}},
                   .memory_mib = 768});
  machine.zinitctl("wait redis --for running --timeout 120");
  step("while no kernel is loaded it is refused, and nothing is stopped",
       [&] { check_kexec_refused(machine); });
  step("services are stopped, and the next kernel boots without the firmware",
       [&] { check_kexec(machine); });
  step("Ctrl-Alt-Del reboots that in order", [&] {
    machine.console().output_of("zinitctl wait redis --for running --timeout 120");
    machine.press_ctrl_alt_del();
    machine.console().wait_for("redis: stopped");
    machine.console().wait_for("reboot: Restarting system");
    CHECK(machine.wait_for_end() == 0);
  });
}

SCENARIO("PID 1 sets up what a system needs and reaps orphans, and poweroff -f needs none of it") {
  Machine machine;
  Terminal& shell = machine.shell();
  step("kernel file systems and links to descriptors are there", [&] { check_mounts(shell); });
  step("no zombies are left", [&] {
    shell.output_of("for i in $(seq 50); do setsid sh -c 'sleep 0.01 &' & done; wait");
    shell.repeat_until("ps -o stat | grep -c Z", "0\n");
  });
  step("with a PID 1 that answers nobody the machine is off at once, no service stopped", [&] {
    shell.output_of("rm /run/zinit.sock");
    shell.send("/sbin/poweroff -f\n");
    machine.console().wait_for("reboot: Power down");
    CHECK(machine.console().text().find("redis: stopping") == std::string::npos);
    CHECK(machine.wait_for_end() == 0);
  });
}

}  // namespace
}  // namespace zinit::vm::boot
