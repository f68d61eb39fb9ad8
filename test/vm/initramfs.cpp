// The initramfs of etc/initramfs: finding, checking and mounting the root file system, and going
// over to it (initramfs-image makes it and the disks).

#include <unistd.h>

#include "base/format.hpp"
#include "support/catch.hpp"
#include "support/skip.hpp"
#include "vm/machine.hpp"

namespace vm_initramfs_test {

using namespace zinit;
using namespace zinit::vm;
using Catch::Contains;

namespace {

/// An empty disk, which the kernel knows by itself, and one with the sample system, whose driver is
/// a module.
struct Disks {
  Disk spare{"build/vm/initramfs/spare"};
  Disk root{"build/vm/initramfs/root.gpt"};

  /// The initramfs has a shell on the second line, as the sample system has.
  [[nodiscard]] VmOptions machine(const std::string& arguments) const {
    return {.kernel_arguments = arguments,
            .shell = true,
            .folder = "build/vm/initramfs",
            .disks = {&spare, &root}};
  }
};

/// The sample system is up, on this device with these options.
void await_system(Vm& machine, const std::string& root) {
  machine.console().wait_for("sample login: ");
  CHECK_THAT(machine.shell().output_of("grep ' / ' /proc/mounts"), Contains(root));
}

/// Leaves the shell on the console. The emergency shell that ends at once is taken for one that has
/// nobody at it.
void leave_shell(Vm& machine) { machine.console().send("sleep 2; exit\n"); }

/// Only root can build the image.
bool none_to_be_had() {
  return ::geteuid() != 0 && ::access("build/vm/initramfs/spare", F_OK) != 0;
}

}  // namespace

SCENARIO("root= names the device of the root file system in each of its forms") {
  if (none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine with the sample system on a partition") {
    const Disks disks;
    for (const char* root :
         {"/dev/vda1", "LABEL=system", "UUID=11111111-2222-3333-4444-555555555555",
          "PARTUUID=AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee",
          "/dev/disk/by-uuid/11111111-2222-3333-4444-555555555555"}) {
      WHEN("it is switched on with root=" + std::string(root)) {
        Vm machine(disks.machine(std::string("root=") + root));
        await_system(machine, "/dev/vda1 / ext4 ro,");
        THEN("it boots from it, which is checked and read-only, and nothing of the way is left") {
          CHECK_THAT(machine.console().text(), Contains("root-fsck: system: clean"));
          CHECK(machine.shell().output_of("cat /run/initramfs/root; ls -1 /run/initramfs") ==
                "/dev/vda1\nfsck-root\nroot\n");
          CHECK_THAT(machine.shell().output_of("zinitctl list"), !Contains("root-mount"));
        }
      }
    }
  }
}

SCENARIO("the kernel's command line says how the root file system is checked and mounted") {
  if (none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine with the sample system on a partition") {
    const Disks disks;
    WHEN("the command line has all that the initramfs reads") {
      Vm machine(disks.machine(
          "root=LABEL=system rootdelay=2 fsck.mode=force ro rw rootfstype=ext4 "
          "rootflags=noatime,nodev init=/sbin/zinit-pid1 emergency zinit.target=rescue"));
      THEN("that is done, and what is for the system is left to it") {
        machine.console().wait_for("root-device: starting");
        const std::string found = machine.console().wait_for("root-device: exited with code 0");
        CHECK_THAT(machine.console().wait_for_match("after [0-9.]+ s"), !Contains("after 1."));
        machine.console().wait_for("non-contiguous");  // said of a forced check alone
        machine.console().wait_for("going on as /sbin/zinit-pid1");
        machine.console().wait_for("asked for on the kernel command line");
        machine.console().wait_for("# ");
        CHECK_THAT(machine.console().output_of("grep ' / ' /proc/mounts"),
                   Contains("/dev/vda1 / ext4 rw,nodev,noatime"));
        leave_shell(machine);
        machine.console().wait_for("rescue-shell: running");
      }
    }
    WHEN("it says that nothing is checked, and names no type") {
      Vm machine(disks.machine("root=/dev/vda1 fastboot"));
      await_system(machine, "/dev/vda1 / ext4 ro,");
      THEN("nothing is") {
        CHECK_THAT(machine.console().text(), !Contains("root-fsck: system"));
        CHECK(machine.shell().output_of("ls -1 /run/initramfs") == "root\n");
      }
    }
  }
}

SCENARIO("the initramfs waits for the device of the root file system") {
  if (none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine with the sample system on a partition") {
    const Disks disks;
    WHEN("the device that root= names comes late, and rootwait is set") {
      Vm machine(disks.machine("root=/dev/vda1 rootwait break=top"));
      machine.console().wait_for("a shell before any module is loaded");
      machine.shell().output_of("mv /lib/modules/*/kernel/drivers/block/virtio_blk.ko /tmp/");
      machine.console().send("exit\n");
      machine.console().wait_for("root-device: starting");
      machine.shell().output_of("sleep 2; ! ls /dev | grep vda");
      machine.shell().output_of("mv /tmp/virtio_blk.ko /lib/modules/*/kernel/drivers/block/");
      THEN("the boot goes on from it") { await_system(machine, "/dev/vda1 / ext4 ro,"); }
    }
    WHEN("it does not come") {
      Vm machine(disks.machine("root=LABEL=nowhere rootwait=3"));
      THEN("there is a shell, which can name another, and on from it") {
        machine.console().wait_for("LABEL=nowhere has not appeared in 3 s; block devices: ");
        machine.console().wait_for("# ");
        machine.console().output_of("echo /dev/vda1 >/run/initramfs/root");
        leave_shell(machine);
        await_system(machine, "/dev/vda1 / ext4 ro,");
      }
    }
    WHEN("the command line names none") {
      Vm machine(disks.machine({}));
      THEN("there is a shell that says so") {
        machine.console().wait_for("root-device: the kernel's command line has no root=");
        machine.console().wait_for("# ");
        CHECK_THAT(machine.console().output_of("zinitctl why switch-root"),
                   Contains("root-device"));
      }
    }
    WHEN("it is none that can be mounted") {
      Vm machine(disks.machine("root=/dev/vda1 rootfstype=vfat"));
      THEN("there is a shell, and what is mounted there by hand is gone over to") {
        machine.console().wait_for("root-mount, which is critical, failed");
        machine.console().wait_for("# ");
        machine.console().output_of("mount -o ro /dev/vda1 /sysroot");
        leave_shell(machine);
        await_system(machine, "/dev/vda1 / ext4 ro,");
      }
    }
  }
}

SCENARIO("break= stops an initramfs on its way with a shell") {
  if (none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine switched on with each of them") {
    const Disks disks;
    Vm machine(disks.machine("root=LABEL=system break=top break break=bottom"));
    Terminal& console = machine.console();
    THEN("there is a shell at each place, and leaving it goes on") {
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
      console.send("exit\n");
      await_system(machine, "/dev/vda1 / ext4 ro,");
    }
  }
}

SCENARIO("the part `luks` opens an encrypted root file system with a passphrase") {
  if (none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("an encrypted copy of the sample system") {
    const Disks disks;
    {
      Vm machine(disks.machine("root=LABEL=system break"));
      machine.console().wait_for("a shell before the root file system is checked");
      Terminal& shell = machine.shell();
      shell.output_of(
          "printf secret | cryptsetup luksFormat -q --uuid 99999999-8888-7777-6666-555555555555 "
          "--pbkdf-force-iterations 4 --pbkdf-memory 8192 --pbkdf-parallel 2 /dev/nvme0n1 -");
      shell.output_of("printf secret | cryptsetup open /dev/nvme0n1 new -");
      shell.output_of("dd if=/dev/vda1 of=/dev/mapper/new bs=1M && cryptsetup close new");
      shell.send("poweroff\n");
      REQUIRE(machine.wait_for_end() == 0);
    }
    WHEN("the machine is switched on") {
      Vm machine(disks.machine(
          "root=/dev/mapper/main rd.luks.name=99999999-8888-7777-6666-555555555555=main"));
      THEN("the console asks for the passphrase, again after a wrong one") {
        machine.console().wait_for("Enter passphrase for /dev/nvme0n1: ");
        machine.console().send("wrong\n");
        machine.console().wait_for("No key available with this passphrase.");
        machine.console().wait_for("Enter passphrase for /dev/nvme0n1: ");
        machine.console().send("secret\n");
        await_system(machine, "/dev/mapper/main / ext4 ro,");
      }
    }
  }
}

}  // namespace vm_initramfs_test
