// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The initramfs of etc/initramfs: it finds, checks and mounts the root file system, and switches to
// it (initramfs-image makes it and the disks). test/vm/end.cpp has more of its boots.
#include "base/format.hpp"
#include "vm/disks.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::initramfs {
namespace {

/// Checks that the boot obeys every word about the root file system on the command line.
void check_mounted_as_told(Terminal& console) {
  console.wait_for("root-device: starting");
  console.wait_for_match("root-device: exited with code 0 after ([2-9]|[1-9][0-9]+)[.]");
  console.wait_for("non-contiguous");  // only a forced check prints this
  console.wait_for("going on as /sbin/zinit-pid1");
  console.wait_for("requested on the kernel command line");
  console.wait_for("# ");
  CHECK_THAT(console.output_of("grep ' / ' /proc/mounts"),
             Contains("/dev/vda1 / ext4 rw,nodev,noatime"));
}

/// The system has root's shell, devices and logs, but no redis.
void check_rescue(Terminal& console) {
  console.wait_for("sulogin: starting shell");  // zinit may log it after the prompt
  console.wait_for("# ");
  console.output_of("zinitctl wait rescue --for running --timeout 120");
  CHECK(console.run("zinitctl is-running syslogd").code == 0);
  CHECK_THAT(console.run("redis-cli ping").output, !Contains("PONG"));
  CHECK_THAT(console.run("zinitctl --json status redis").output,
             Contains("\"state\":\"inactive\""));
}

void make_encrypted_copy(Terminal& shell) {
  shell.output_of(
      "printf secret | cryptsetup luksFormat -q --uuid 99999999-8888-7777-6666-555555555555 "
      "--pbkdf-force-iterations 4 --pbkdf-memory 8192 --pbkdf-parallel 2 /dev/nvme0n1 -");
  shell.output_of("printf secret | cryptsetup open /dev/nvme0n1 new -");
  shell.output_of("dd if=/dev/vda1 of=/dev/mapper/new bs=1M && cryptsetup close new");
}

SCENARIO("the kernel's command line says how the root file system is checked and mounted") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const SampleDisk disk;
  Vm machine(
      disk.machine("root=LABEL=system rootdelay=2 fsck.mode=force ro rw rootfstype=ext4 "
                   "rootflags=noatime,nodev init=/sbin/zinit-pid1 emergency zinit.target=rescue"));
  step("that is done", [&] { check_mounted_as_told(machine.console()); });
  step("what is for the system is left to it: a shell first, then that target and nothing else",
       [&] {
         leave_emergency_shell(machine);
         check_rescue(machine.console());
       });
}

SCENARIO("the initramfs waits for a device that comes late, and checks nothing if told so") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const SampleDisk disk;
  Vm machine(disk.machine("root=/dev/vda1 rootwait fastboot break=top"));
  machine.console().wait_for("a shell before any module is loaded");
  machine.shell().output_of("mv /lib/modules/*/kernel/drivers/block/virtio_blk.ko /tmp/");
  machine.console().send("exit\n");
  machine.console().wait_for("root-device: starting");
  let_pass(machine.shell(), 2);
  machine.shell().output_of("! ls /dev | grep vda");
  machine.shell().output_of("mv /tmp/virtio_blk.ko /lib/modules/*/kernel/drivers/block/");
  step("the boot goes on from it, unchecked and read-only", [&] {
    await_system(machine, "/dev/vda1 / ext4 ro,");
    CHECK_THAT(machine.console().text(), !Contains("root-fsck: system"));
    CHECK(machine.shell().output_of("ls -1 /run/initramfs") == "root\n");
  });
}

SCENARIO("a root file system that is not there, or cannot be mounted, leads to a shell and on") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const SampleDisk disk;
  step("without root= the shell says so", [&] {
    Vm machine(disk.machine({}));
    machine.console().wait_for("root-device: the kernel's command line has no root=");
    machine.console().wait_for("# ");
    CHECK_THAT(machine.console().output_of("zinitctl why switch-root"), Contains("root-device"));
  });
  Vm machine(disk.machine("root=LABEL=nowhere rootwait=3 rootfstype=vfat"));
  Terminal& console = machine.console();
  step("the device does not come, and the shell names another", [&] {
    console.wait_for("LABEL=nowhere has not appeared in 3 s; block devices: ");
    console.wait_for("# ");
    console.output_of("echo /dev/vda1 >/run/initramfs/root");
    leave_emergency_shell(machine);
  });
  step("that cannot be mounted, and what is mounted by hand is gone over to", [&] {
    console.wait_for("root-mount, which is critical, failed");
    console.wait_for("# ");
    console.output_of("mount -o ro /dev/vda1 /sysroot");
    leave_emergency_shell(machine);
    await_system(machine, "/dev/vda1 / ext4 ro,");
  });
}

SCENARIO("the part `luks` opens an encrypted root file system with a passphrase") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const SampleDisk disk;
  step("an encrypted copy is made", [&] {
    Vm machine(disk.machine("root=LABEL=system break"));
    machine.console().wait_for("a shell before the root file system is checked");
    make_encrypted_copy(machine.shell());
    machine.shell().send("poweroff\n");
    REQUIRE(machine.wait_for_end() == 0);
  });
  step("the console asks for the passphrase, again after a wrong one", [&] {
    Vm machine(disk.machine(
        "root=/dev/mapper/main rd.luks.name=99999999-8888-7777-6666-555555555555=main"));
    machine.console().wait_for("Enter passphrase for /dev/nvme0n1: ");
    machine.console().send("wrong\n");
    machine.console().wait_for("No key available with this passphrase.");
    machine.console().wait_for("Enter passphrase for /dev/nvme0n1: ");
    machine.console().send("secret\n");
    await_system(machine, "/dev/mapper/main / ext4 ro,");
  });
}

}  // namespace
}  // namespace zinit::vm::initramfs
