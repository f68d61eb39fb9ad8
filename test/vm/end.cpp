// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The end of machines: with file systems that are nested, busy, on loop devices, or do not answer,
// and with a process that writes until the last moment.
#include "vm/disks.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::end {
namespace {

/// Processes in their own sessions that ignore all possible signals, and write to the folders.
void start_writers(Terminal& shell, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders)
    shell.output_of(
        "cd " + folder +
        " && { setsid sh -c \"trap '' TERM HUP INT; while :; do date >>log; cp log copy; "
        "mv copy other; done\" & }; cd /");
}

/// Puts file systems into files on other file systems, repeatedly, and mounts parts of them.
void nest_file_systems(Terminal& shell) {
  shell.output_of("truncate -s 9M /home/outer && mkfs.ext4 -q -L outer /home/outer");
  shell.output_of("mkdir -p /mnt/a /mnt/b && mount -o loop /home/outer /mnt/a");
  shell.output_of("truncate -s 3M /mnt/a/inner && mkfs.ext4 -q -L inner /mnt/a/inner");
  shell.output_of("mkdir /mnt/a/deep && mount $(losetup -f --show /mnt/a/inner) /mnt/a/deep");
  shell.output_of("mkdir /mnt/a/deep/'a b' && mount --bind /mnt/a/deep/'a b' /mnt/b");
  shell.output_of(
      "mkdir /home/over /home/work /mnt/c && mount -t overlay overlay -o "
      "lowerdir=/etc,upperdir=/home/over,workdir=/home/work /mnt/c");
}

/// Makes a device and a FUSE server stop answering, and processes that wait for them.
void stop_answering(Terminal& shell) {
  shell.output_of("swapoff /dev/vdb && dmsetup create gone --table '0 32768 linear /dev/vdb 0'");
  shell.output_of(
      "mkfs.ext4 -q /dev/mapper/gone && mkdir -p /mnt/gone /mnt/fuse && "
      "mount /dev/mapper/gone /mnt/gone && cp -r /etc /mnt/gone");
  shell.output_of(
      "truncate -s 3M /home/fuse && mkfs.ext4 -q /home/fuse && modprobe fuse && "
      "fuse2fs /home/fuse /mnt/fuse && cp /etc/passwd /mnt/fuse");
  shell.output_of("dmsetup suspend --noflush --nolockfs gone && pkill -STOP fuse2fs");
  shell.output_of("{ setsid cat /mnt/fuse/passwd & setsid sync & }");
}

/// Powers off, and returns what the console has shown of it.
std::string console_of_power_off(Machine& machine) {
  const std::size_t up = machine.console().text().size();
  machine.shell().send("poweroff\n");
  machine.console().wait_for("reboot: Power down");
  CHECK(machine.wait_for_end() == 0);
  return machine.console().text().substr(up);
}

/// Processes write to the sample system until its end.
void begin_writing(Terminal& shell) {
  start_writers(shell, {"/root", "/var/log"});
  shell.output_of(
      "printf '[service]\\nexec = \"yes\"\\n[logging]\\nfile = \"/var/log/yes\"\\n' "
      ">/tmp/yes.toml && zinitctl add-service /tmp/yes.toml");
  shell.output_of("until [ -s /root/other ] && [ -s /var/log/yes ]; do sleep 0.1; done");
}

/// Checks that the initramfs has checked the root file system, and left nothing behind.
void check_way(Vm& machine) {
  await_system(machine, "/dev/vda1 / ext4 rw,");
  CHECK_THAT(machine.console().text(), Contains("root-fsck: system: clean"));
  CHECK(machine.shell().output_of("cat /run/initramfs/root; ls -1 /run/initramfs") ==
        "/dev/vda1\nfsck-root\nroot\n");
  CHECK_THAT(machine.shell().output_of("zinitctl list"), !Contains("root-mount"));
}

/// At each place there is a shell, and its end continues the boot.
void walk_through_breaks(Terminal& console) {
  console.wait_for("break=top: a shell before any module is loaded");
  console.wait_for("# ");
  CHECK_THAT(console.output_of("lsmod"), !Contains("virtio_pci"));
  console.send("exit\n");
  console.wait_for("break: a shell before the root file system is checked");
  console.wait_for("# ");
  CHECK_THAT(console.output_of("cat /run/initramfs/root; grep vda /proc/mounts; true"),
             Contains("/dev/vda1\n") && !Contains("ext4"));
  console.send("exit\n");
  console.wait_for("break=bottom: a shell before the way");
  console.wait_for("# ");
  CHECK_THAT(console.output_of("grep /sysroot /proc/mounts"), Contains("/dev/vda1"));
  console.output_of("cp /boot/vmlinuz /sysroot/root/");
  console.send("exit\n");
}

SCENARIO("file systems that are nested, busy and on loop devices are unmounted in reverse order") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  Machine machine(disks.machine());
  Terminal& shell = machine.shell();
  shell.output_of("zinitctl wait mounts networking cron --timeout 120");
  nest_file_systems(shell);
  start_writers(shell, {"/home", "/mnt/a", "/mnt/a/deep", "/mnt/b", "/mnt/c", "/var/log"});
  shell.output_of("until [ -s /mnt/a/deep/other ] && [ -s /mnt/b/other ]; do sleep 0.1; done");
  const std::string down = console_of_power_off(machine);
  INFO(down);
  CHECK(in_order(down,
                 {"EXT4-fs (loop1): unmounting", "EXT4-fs (loop0): unmounting",
                  "EXT4-fs (vda): unmounting", "EXT4-fs (nvme0n1): re-mounted", "power off now"}));
  // On a slow machine a writer may not end within the second that follows SIGKILL.
  const std::string late = "test-shell: failed: its process cannot be killed";
  const auto at = down.find(late);
  CHECK(down.find("cannot ") == (at == std::string::npos ? at : at + late.find("cannot ")));
  CHECK(down.find("cannot ", at == std::string::npos ? 0 : at + late.size()) == std::string::npos);
  disks.check_clean();
  const Disk outer = disks.home.file("outer");
  CHECK(outer.check().code == 0);
  CHECK(outer.file("inner").check().code == 0);
}

SCENARIO("what does not answer holds up nothing else at the end of a machine") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  Machine machine(disks.machine());
  Terminal& shell = machine.shell();
  shell.output_of("zinitctl wait mounts swap networking --timeout 120");
  shell.output_of(
      "modprobe softdog && echo 'watchdog_device = \"/dev/watchdog\"\n"
      "watchdog_timeout_ms = 4000' >/etc/zinit/zinit.toml && zinitctl reload");
  see(machine, "grep -x active /sys/class/watchdog/watchdog0/state", "active\n");
  stop_answering(shell);
  const std::string down = console_of_power_off(machine);
  INFO(down);
  CHECK(
      in_order(down, {"cannot write back /mnt/gone: it does not answer",
                      "EXT4-fs (vda): unmounting", "EXT4-fs (nvme0n1): re-mounted",
                      "cannot remount read-only /mnt/gone: it does not answer", "power off now"}));
  CHECK(down.find("softdog: Initiating") == std::string::npos);  // the watchdog was fed
  disks.check_clean();
}

SCENARIO("root= names the root file system in each form, and every way of ending leaves it clean") {
  if (no_disk_images()) return test::skip("building the image needs root");
  struct Life {
    const char* root;
    const char* command;
    const char* last_word;
  };
  const Life life = GENERATE(
      Life{"LABEL=system", "/sbin/poweroff", "reboot: Power down"},
      Life{"UUID=11111111-2222-3333-4444-555555555555", "/sbin/halt", "reboot: System halted"},
      Life{"PARTUUID=AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee", "kill -INT 1",
           "reboot: Restarting system"},
      // An upgrade of the running program: its file no longer has a name.
      Life{"/dev/disk/by-uuid/11111111-2222-3333-4444-555555555555",
           "cp /sbin/zinit /sbin/new && mv /sbin/new /sbin/zinit; kill -PWR 1",
           "reboot: Power down"});
  INFO(life.root << ", " << life.command);
  const SampleDisk disk;
  Vm machine(disk.machine(std::string("rw root=") + life.root));
  check_way(machine);
  begin_writing(machine.shell());
  machine.shell().send(std::string(life.command) + "\n");
  machine.console().wait_for(life.last_word);
  if (life.command != std::string("/sbin/halt")) CHECK(machine.wait_for_end() == 0);
  disk.check_clean();
}

SCENARIO("break= stops an initramfs with a shell, and a kernel that is loaded finds all clean") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const SampleDisk disk;
  VmOptions options = disk.machine("root=LABEL=system rw break=top break break=bottom");
  options.files = {{"/boot/vmlinuz", file_of_image("vmlinuz")}};
  Vm machine(options);
  step("there is a shell at each place", [&] { walk_through_breaks(machine.console()); });
  step("the system is up", [&] { check_way(machine); });
  step("kexec leaves a clean file system, though it is written to until then", [&] {
    machine.shell().output_of("kexec -l /root/vmlinuz --append='console=ttyS0 panic=-1'");
    begin_writing(machine.shell());
    machine.shell().send("zinitctl kexec\n");
    machine.console().wait_for("Starting new kernel");
    machine.console().wait_for("Unable to mount root fs");  // no root was given
    CHECK(machine.wait_for_end() == 0);
    disk.check_clean();
  });
}

}  // namespace
}  // namespace zinit::vm::end
