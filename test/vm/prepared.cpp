// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Boots with little, nothing, or too much prepared for PID 1: a script of busybox, as the first PID
// 1, prepares the machine and executes zinit.
#include "vm/machine.hpp"
namespace zinit::vm::prepared {
namespace {

/// The sample system, after this script.
VmOptions after(const std::string& script) {
  return {.files = {{"/prepare", "#!/bin/sh\n" + script + "\nexec /sbin/init \"$@\"\n", 0755}},
          .shell = true,
          .program = "/prepare"};
}

/// A service that runs a command of zinit and shows its output.
File own_command(const std::string& name, const std::string& words) {
  return {"/prepared/" + name + ".toml", "[service]\nexec = \"/zinit " + words +
                                             "\"\noneshot = true\n[logging]\nconsole = true\n"};
}

/// A root with one program and the service files only, after this script in it.
VmOptions bare_root(const std::string& script) {
  return {.files = {{"/prepare",
                     "#!/bin/sh\nmkdir /new && mount -t tmpfs new /new && cd /new && "
                     "cp /sbin/zinit zinit && mkdir -p etc/zinit && "
                     "cp -r /prepared etc/zinit/services\n" +
                         script + "\nexec switch_root /new /zinit\n",
                     0755},
                    own_command("list", "list"),
                    own_command("version", "--version")},
          .program = "/prepare"};
}

std::size_t count(const std::string& text, const std::string& words) {
  std::size_t times = 0;
  for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; ++at) ++times;
  return times;
}

/// Checks that the sample system works.
void check_up(Vm& machine) {
  machine.console().wait_for("sample login: ");
  Terminal& shell = machine.shell();
  shell.output_of("zinitctl wait multi-user --for running --timeout 120");
  shell.repeat_until("redis-cli ping", "PONG");
}

SCENARIO("one program and the service files are enough for a boot") {
  // A root with nothing else, without a single directory.
  Vm machine(bare_root(""));
  machine.console().wait_for("version: zinit 0.");
  machine.console().wait_for("list: exited with code 0");
  CHECK_THAT(machine.console().text(), !Contains("boot: cannot"));
  machine.press_ctrl_alt_del();
  machine.console().wait_for("reboot: Restarting system");
  CHECK(machine.wait_for_end() == 0);
}

SCENARIO("a root that stays read-only costs a line for each thing that is missing in it") {
  step("one that has the directories", [] {
    Vm machine(bare_root("mkdir dev proc sys run tmp; mount -o remount,ro new /new"));
    machine.console().wait_for("list: exited with code 0");
    CHECK_THAT(machine.console().text(), !Contains("boot: cannot"));
  });
  step("one that has none: services run, and Ctrl-Alt-Del ends the machine in order", [] {
    Vm machine(bare_root("mount -o remount,ro new /new"));
    // zinit's lines may be dropped: it does not wait for a console, and /dev/kmsg is missing.
    machine.console().wait_for("version: zinit 0.");
    machine.press_ctrl_alt_del();
    machine.console().wait_for("reboot: Restarting system");
    CHECK(machine.wait_for_end() == 0);
  });
}

SCENARIO("each thing that a kernel lacks costs a line: devtmpfs, cgroup2, /proc beside processes") {
  if (::access("build/vm/module/nofs.ko", F_OK) != 0)
    return test::skip("the headers of the machine's kernel are not installed (make deps)");
  // The root file system has the devices, and services only have process groups.
  Vm machine(
      after("insmod /lib/nofs.ko types=devtmpfs,cgroup2; cd /dev && "
            "mknod null c 1 3; mknod kmsg c 1 11; mknod ttyS0 c 4 64; mknod ttyS1 c 4 65; "
            "mknod console c 5 1; mknod tty c 5 0; cd /; mount -t proc -o subset=pid proc /proc"));
  check_up(machine);
  const std::string& said = machine.console().text();
  CHECK(count(said, "boot: cannot mount /dev: No such device") == 1);
  CHECK(count(said, "boot: cannot mount /sys/fs/cgroup: No such device") == 1);
  CHECK(count(said, "boot: cannot open /proc/cmdline: No such file") == 1);
  CHECK(count(said, "boot: cannot") == 3);
  power_off(machine);
}

SCENARIO("a boot without /dev/console, and a PID 1 without standard streams, goes on") {
  Vm machine(after("mount -t devtmpfs dev /dev; rm /dev/console; exec <&- >&- 2>&-"));
  check_up(machine);
  CHECK_THAT(machine.console().text(), !Contains("boot: cannot"));
  // PID 1 has the console of the command line.
  CHECK(machine.shell().output_of("readlink /proc/1/fd/0") == "/dev/ttyS0\n");
  power_off(machine);
}

SCENARIO("what an initramfs has mounted already is left as it is") {
  // Everything that zinit mounts, with other options.
  Vm machine(
      after("mount -t proc proc /proc; mount -t sysfs -o ro sysfs /sys; "
            "mount -t devtmpfs dev /dev; mkdir /dev/pts /dev/shm; "
            "mount -t devpts devpts /dev/pts; mount -t tmpfs -o size=1m shm /dev/shm; "
            "mount -t tmpfs -o size=2m run /run; "
            "mount -t cgroup2 cgroup2 /sys/fs/cgroup; ln -s /proc/self/fd /dev/fd"));
  check_up(machine);
  CHECK_THAT(machine.console().text(), !Contains("boot: cannot"));
  CHECK(machine.shell().output_of("grep -c . /proc/mounts") == "8\n");
  CHECK_THAT(machine.shell().output_of("cat /proc/mounts"),
             Contains("run /run tmpfs rw,relatime,size=2048k") &&
                 Contains("sysfs /sys sysfs ro,relatime"));
  power_off(machine);
}

}  // namespace
}  // namespace zinit::vm::prepared
