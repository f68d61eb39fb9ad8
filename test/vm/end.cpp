// How machines end: with file systems that are nested, busy, on loop devices, or do not answer, and
// with somebody who writes until the last moment.

#include <unistd.h>

#include "support/catch.hpp"
#include "support/skip.hpp"
#include "vm/debian_disks.hpp"

namespace vm_end_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

constexpr std::size_t kPartition = 1048576;  // test/vm/initramfs-image

/// Processes that ignore all signals that they can, in sessions of their own, and write there.
void start_writers(Terminal& shell, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders)
    shell.output_of(
        "cd " + folder +
        " && { setsid sh -c \"trap '' TERM HUP INT; while :; do date >>log; cp log copy; "
        "mv copy other; done\" & }; cd /");
}

}  // namespace

SCENARIO("file systems that are nested, busy and on loop devices are unmounted in reverse order") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a file system in a file of one in a file of a disk, and mounts of parts of them") {
    const DebianDisks disks;
    Machine machine(disks.machine());
    Terminal& shell = machine.shell();
    shell.output_of("zinitctl wait mounts networking cron --timeout 120");
    shell.output_of("truncate -s 9M /home/outer && mkfs.ext4 -q -L outer /home/outer");
    shell.output_of("mkdir -p /mnt/a /mnt/b && mount -o loop /home/outer /mnt/a");
    shell.output_of("truncate -s 3M /mnt/a/inner && mkfs.ext4 -q -L inner /mnt/a/inner");
    shell.output_of("mkdir /mnt/a/deep && mount $(losetup -f --show /mnt/a/inner) /mnt/a/deep");
    shell.output_of("mkdir /mnt/a/deep/'a b' && mount --bind /mnt/a/deep/'a b' /mnt/b");
    shell.output_of(
        "mkdir /home/over /home/work /mnt/c && mount -t overlay overlay -o "
        "lowerdir=/etc,upperdir=/home/over,workdir=/home/work /mnt/c");
    WHEN("it is powered off while all of them are written to") {
      start_writers(shell, {"/home", "/mnt/a", "/mnt/a/deep", "/mnt/b", "/mnt/c", "/var/log"});
      shell.output_of("until [ -s /mnt/a/deep/other ] && [ -s /mnt/b/other ]; do sleep 0.1; done");
      const std::size_t up = machine.console().text().size();
      shell.send("poweroff\n");
      machine.console().wait_for("reboot: Power down");
      CHECK(machine.wait_for_end() == 0);
      THEN("each is unmounted before what it lies on, and clean") {
        const std::string down = machine.console().text().substr(up);
        INFO(down);
        CHECK(in_order(
            down, {"EXT4-fs (loop1): unmounting", "EXT4-fs (loop0): unmounting",
                   "EXT4-fs (vda): unmounting", "EXT4-fs (nvme0n1): re-mounted", "power off now"}));
        CHECK(down.find("cannot ") == std::string::npos);
        disks.check_clean();
        const Disk outer = disks.home.file("outer");
        CHECK(outer.check().code == 0);
        CHECK(outer.file("inner").check().code == 0);
      }
    }
  }
}

SCENARIO("what does not answer holds up nothing else at the end of a machine") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a device that does not answer, a FUSE server that is stopped, and a watchdog of 4 s") {
    const DebianDisks disks;
    Machine machine(disks.machine());
    Terminal& shell = machine.shell();
    shell.output_of("zinitctl wait mounts swap networking --timeout 120");
    shell.output_of(
        "modprobe softdog && echo 'watchdog_device = \"/dev/watchdog\"\n"
        "watchdog_timeout_ms = 4000' >/etc/zinit/zinit.toml && zinitctl reload");
    see(machine, "cat /sys/class/watchdog/watchdog0/state", "active\n");
    shell.output_of("swapoff /dev/vdb && dmsetup create gone --table '0 32768 linear /dev/vdb 0'");
    shell.output_of(
        "mkfs.ext4 -q /dev/mapper/gone && mkdir -p /mnt/gone /mnt/fuse && "
        "mount /dev/mapper/gone /mnt/gone && cp -r /etc /mnt/gone");
    shell.output_of(
        "truncate -s 3M /home/fuse && mkfs.ext4 -q /home/fuse && modprobe fuse && "
        "fuse2fs /home/fuse /mnt/fuse && cp /etc/passwd /mnt/fuse");
    shell.output_of("dmsetup suspend --noflush --nolockfs gone && pkill -STOP fuse2fs");
    shell.output_of("{ setsid cat /mnt/fuse/passwd & setsid sync & }");
    WHEN("it is powered off") {
      const std::size_t up = machine.console().text().size();
      shell.send("poweroff\n");
      machine.console().wait_for("reboot: Power down");
      CHECK(machine.wait_for_end() == 0);
      THEN("it is told and given up, the rest is clean, and the watchdog was fed") {
        const std::string down = machine.console().text().substr(up);
        INFO(down);
        CHECK(in_order(
            down, {"cannot write back /mnt/gone: it does not answer", "EXT4-fs (vda): unmounting",
                   "EXT4-fs (nvme0n1): re-mounted",
                   "cannot remount read-only /mnt/gone: it does not answer", "power off now"}));
        CHECK(down.find("softdog: Initiating") == std::string::npos);
        disks.check_clean();
      }
    }
  }
}

namespace {

/// The sample system on a partition, which somebody writes to.
struct Written {
  Disk spare{"build/vm/initramfs/spare"};
  Disk root{"build/vm/initramfs/root.gpt"};

  static bool none_to_be_had() {
    return ::geteuid() != 0 && ::access("build/vm/initramfs/spare", F_OK) != 0;
  }

  [[nodiscard]] VmOptions machine(const std::string& arguments) const {
    return {.kernel_arguments = "root=LABEL=system rw " + arguments,
            .shell = true,
            .folder = "build/vm/initramfs",
            .disks = {&spare, &root}};
  }

  static void begin(Vm& machine) {
    machine.console().wait_for("sample login: ");
    Terminal& shell = machine.shell();
    start_writers(shell, {"/root", "/var/log"});
    shell.output_of(
        "printf '[service]\\nexec = \"yes\"\\n[logging]\\nfile = \"/var/log/yes\"\\n' "
        ">/tmp/yes.toml && zinitctl add-service /tmp/yes.toml");
    shell.output_of("until [ -s /root/other ] && [ -s /var/log/yes ]; do sleep 0.1; done");
  }

  void check_clean() const {
    const Answer check = root.check(kPartition);
    INFO(check.output);
    CHECK(check.code == 0);
  }
};

}  // namespace

SCENARIO("every way of ending leaves a clean file system, though it is written to until then") {
  if (Written::none_to_be_had()) return test::skip("building the image needs root");
  struct Way {
    const char* command;
    const char* last_word;
  };
  const Way way = GENERATE(Way{"/sbin/poweroff", "reboot: Power down"},
                           Way{"/sbin/halt", "reboot: System halted"},
                           Way{"kill -INT 1", "reboot: Restarting system"},
                           // An upgrade of the program that runs: its file has no name any more.
                           Way{"cp /sbin/zinit /sbin/new && mv /sbin/new /sbin/zinit; kill -PWR 1",
                               "reboot: Power down"});
  INFO(way.command);
  const Written disks;
  Vm machine(disks.machine({}));
  Written::begin(machine);
  machine.shell().send(std::string(way.command) + "\n");
  machine.console().wait_for(way.last_word);
  if (way.command != std::string("/sbin/halt")) CHECK(machine.wait_for_end() == 0);
  disks.check_clean();
}

SCENARIO("a kernel that is loaded finds a clean file system") {
  if (Written::none_to_be_had()) return test::skip("building the image needs root");
  const Written disks;
  VmOptions options = disks.machine("break=bottom");
  options.files = {{"/boot/vmlinuz", file_of_image("vmlinuz")}};
  Vm machine(options);
  machine.console().wait_for("break=bottom: a shell before");
  machine.console().wait_for("# ");
  machine.console().output_of("cp /boot/vmlinuz /sysroot/root/");
  machine.console().send("exit\n");
  Written::begin(machine);
  machine.shell().output_of("kexec -l /root/vmlinuz --append='console=ttyS0 panic=-1'");
  machine.shell().send("zinitctl kexec\n");
  machine.console().wait_for("Starting new kernel");
  machine.console().wait_for("Unable to mount root fs");  // it was told of none
  CHECK(machine.wait_for_end() == 0);
  disks.check_clean();
}

}  // namespace vm_end_test
