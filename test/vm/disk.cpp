// Debian 12 on disks, installed by its own packages' scripts, with zinit as /sbin/init in place of
// systemd and the service files of etc/sample/examples/debian-disk (disk-image makes it).

#include "base/format.hpp"
#include "support/catch.hpp"
#include "support/skip.hpp"
#include "vm/debian_disks.hpp"

namespace vm_disk_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

void look_at_early_boot(Machine& machine) {
  for (const char* done :
       {"fsck-root", "remount-root", "static-nodes", "coldplug", "fsck", "mounts", "swap",
        "modules", "sysctl", "tmpfiles", "random-seed", "utmp"}) {
    INFO(done);
    const JsonDocument status = machine.ask(std::string("status ") + done);
    CHECK(std::string(status["summary"].GetString()) == "ok");
  }
  see(machine, "zinitctl logs fsck-root", "root: clean");
  see(machine, "zinitctl logs fsck", "home: clean");
  see(machine, "findmnt -n -o SOURCE,OPTIONS /", "/dev/nvme0n1 rw,relatime,errors=remount-ro");
  see(machine, "findmnt -n -o SOURCE,OPTIONS /home", "/dev/vda rw,nosuid,nodev");
  see(machine, "findmnt -n -o FSTYPE,OPTIONS /tmp", "tmpfs  rw,nosuid,nodev");
  see(machine, "swapon --show=NAME --noheadings", "/dev/vdb\n");
  see(machine, "hostname", "disk\n");
  see(machine, "cat /proc/sys/vm/swappiness", "7\n");
  see(machine, "cat /sys/class/net/dummy1/operstate", "down\n");
  see(machine, "stat -c '%U %a' /run/lock /run/user", "root 1777\nroot 755\n");
  see(machine, "stat -c %a /dev/net/tun", "666\n");
  see(machine, "stat -c '%U %a %s' /var/lib/zinit/random-seed", "root 600 512\n");
  see(machine, "who -b", "system boot");
  see(machine, "readlink /dev/disk/by-label/home", "../../vda\n");
}

/// An interface that appears by udev and is configured by DHCP, whose client goes on.
void look_at_network(Machine& machine) {
  await_running(machine, {"networking", "network-mounts"});
  const std::string client =
      "grep -c -x \"$(pidof dhclient)\" /sys/fs/cgroup/zinit/networking.service/cgroup.procs";
  see(machine, "ip -4 -br addr show ens8", "10.0.2.15/24");
  see(machine, client, "1\n");
  see(machine, "findmnt -n -o FSTYPE /srv/net", "tmpfs\n");
  machine.zinitctl("restart networking");
  see(machine, client, "1\n");
  see(machine, "ip -4 -br addr show ens8", "10.0.2.15/24");
  await_running(machine, {"network-mounts", "ssh"});
}

void log_in_on_console(Machine& machine) {
  machine.console().send("root\n");
  machine.console().wait_for("root@disk:~# ");
  see(machine, "who", "root     ttyS0");
  machine.console().send("exit\n");
  machine.console().wait_for("login: ");
}

void log_in_by_ssh(Machine& machine) {
  machine.shell().output_of("useradd -m -s /bin/sh ada && mkdir -p /root/.ssh /home/ada/.ssh");
  machine.shell().output_of("ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519");
  machine.shell().output_of("cp /root/.ssh/id_ed25519.pub /home/ada/.ssh/authorized_keys");
  const std::string session = machine.shell().output_of(
      "ssh -tt -o BatchMode=yes -o StrictHostKeyChecking=accept-new ada@localhost 'id -un; tty; "
      "pwd; who'");
  INFO(session);
  CHECK(in_order(session, {"ada\n", "/dev/pts/0\n", "/home/ada\n", "ada      pts/0"}));
  see(machine, "grep sshd /var/log/auth.log", "Accepted publickey for ada");
}

void look_at_daemons(Machine& machine) {
  see(machine, "logger -p user.info from a test; grep -c 'from a test' /var/log/user.log", "1\n");
  see(machine, "grep -c 'Linux version' /var/log/kern.log", "1\n");
  see(machine, "zinitctl timers", "logrotate  daily");
  see(machine, "zinitctl start logrotate", "logrotate is done");
  machine.shell().output_of("logrotate --force /etc/logrotate.conf");
  see(machine, "logger -p user.info after it; grep 'after it' /var/log/user.log", "after it");
  see(machine,
      "dbus-send --system --print-reply --dest=org.freedesktop.DBus / "
      "org.freedesktop.DBus.ListNames",
      "string \"org.freedesktop.DBus\"");
  see(machine, "cat /run/cron-job", "ran as root\n");
}

/// The machine ends, and what stands on something is down before it.
void await_power_off(Machine& machine, std::size_t up) {
  machine.console().wait_for("reboot: Power down");
  const std::string down = machine.console().text().substr(up);
  INFO(down);
  CHECK(in_order(down, {"ssh: stopped", "networking: stopped", "EXT4-fs (vda): unmounting",
                        "EXT4-fs (nvme0n1): re-mounted", "power off now"}));
  CHECK(in_order(down, {"cron: stopped", "rsyslog: stopped"}));
  CHECK(in_order(down, {"network-mounts: stopped", "networking: stopped"}));
  CHECK(down.find("goes on without") == std::string::npos);
  CHECK(machine.wait_for_end() == 0);
}

}  // namespace

SCENARIO("Debian starts from a disk, is used, and is powered off with its file systems clean") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine whose root file system the kernel has mounted read-only") {
    const DebianDisks disks;
    Machine machine(disks.machine());
    await_running(machine, {"udevd", "rsyslog", "dbus", "cron", "acpid", "agetty@ttyS0", "ssh"});
    THEN("what a boot does is done, its daemons work, and people log in") {
      look_at_early_boot(machine);
      look_at_network(machine);
      log_in_on_console(machine);
      log_in_by_ssh(machine);
      look_at_daemons(machine);
      const std::size_t up = machine.console().text().size();
      machine.shell().send("poweroff\n");
      await_power_off(machine, up);
      disks.check_clean();
    }
  }
}

SCENARIO("a damaged root file system is mended before it is used") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a disk with a file whose count of links is wrong") {
    const DebianDisks disks;
    disks.root.debug("set_inode_field /etc/hostname links_count 3");
    disks.root.debug("set_super_value state 2");
    REQUIRE(disks.root.check().code != 0);
    WHEN("the machine is switched on") {
      Vm first(disks.machine());
      THEN("it is mended and the machine restarted at once, and the next start finds it clean") {
        first.console().wait_for("root contains a file system with errors, check forced");
        first.console().wait_for("REBOOT SYSTEM");
        CHECK(first.wait_for_end() == 0);
        CHECK(first.console().text().find("nvme0n1): re-mounted") == std::string::npos);
        disks.check_clean();

        Machine second(disks.machine());
        see(second, "zinitctl logs fsck-root", "root: clean");
        const std::string seed = second.shell().output_of("cksum </var/lib/zinit/random-seed");
        second.shell().send("reboot\n");
        second.console().wait_for("reboot: Restarting system");
        CHECK(second.wait_for_end() == 0);
        disks.check_clean();

        // Debian's initramfs looks at the root file system itself.
        Machine third(disks.machine_with_initrd());
        CHECK(third.console().text().find("Will now check root file system") != std::string::npos);
        CHECK(third.zinitctl("logs fsck-root") == "");
        CHECK(third.state("remount-root") == "exited");
        CHECK(third.shell().output_of("cksum </var/lib/zinit/random-seed") != seed);
        see(third, "last -x reboot shutdown | awk '{ print $1 }' | tr '\\n' ' '",
            "reboot shutdown reboot");
      }
    }
  }
}

SCENARIO("a root file system that cannot be mended is left alone, and somebody is asked for") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a disk where lost+found is said to be a file") {
    const DebianDisks disks;
    disks.root.debug("set_inode_field /lost+found mode 0100700");
    disks.root.debug("set_super_value state 2");
    WHEN("the machine is switched on") {
      Vm machine(disks.machine());
      THEN("its emergency shell has the console for itself, and nothing was written") {
        machine.console().wait_for("UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY");
        machine.console().wait_for("(or press Control-D to continue): ");
        machine.shell().repeat_until("zinitctl --json status agetty@ttyS0", "dependency_failed");
        machine.shell().repeat_until("findmnt -n -o OPTIONS /", "ro,relatime");
        machine.console().send("\n");
        machine.console().wait_for("# ");
        CHECK(machine.console()
                  .output_of("fsck -T -y /; [ $? -le 3 ]")
                  .find("FILE SYSTEM WAS MODIFIED") != std::string::npos);
        machine.console().send("reboot -f\n");
        CHECK(machine.wait_for_end() == 0);
        disks.check_clean();
      }
    }
  }
}

SCENARIO("zinit's initramfs goes over to the Debian on a disk, and to its sysvinit") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a disk where lost+found is said to be a file") {
    const DebianDisks disks;
    disks.root.debug("set_inode_field /lost+found mode 0100700");
    disks.root.debug("set_super_value state 2");
    WHEN("the machine is switched on, and the disk mended by hand") {
      Vm machine(disks.machine_through_ours());
      machine.console().wait_for("UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY");
      machine.console().wait_for("# ");
      machine.console().output_of("fsck.ext4 -y /dev/nvme0n1; [ $? -le 3 ]");
      machine.console().send("sleep 2; exit\n");
      machine.console().wait_for("disk login: ");
      THEN("the boot goes on from the disk, which is not checked again") {
        Terminal& shell = machine.shell();
        shell.output_of("zinitctl wait ssh cron rsyslog --for running --timeout 120");
        CHECK(shell.output_of("zinitctl logs fsck-root") == "");
        CHECK(shell.output_of("findmnt -n -o SOURCE,OPTIONS /").find("/dev/nvme0n1 rw,") == 0);
        shell.send("poweroff\n");
        machine.console().wait_for("reboot: Power down");
        CHECK(machine.wait_for_end() == 0);
        disks.check_clean();

        Vm sysvinit(disks.machine_through_ours("init=/sbin/init.sysvinit"));
        sysvinit.console().wait_for("switch-root: going on as /sbin/init.sysvinit");
        sysvinit.log_in();
        CHECK(sysvinit.console().output_of("readlink /proc/1/exe; ls /proc/1/fd") ==
              "/usr/sbin/init.sysvinit\n10\n");
      }
    }
  }
}

SCENARIO("a machine can be reached where disks of fstab are missing") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine with the disk of its root file system alone") {
    const DebianDisks disks;
    VmOptions options = disks.machine();
    options.disks.resize(1);
    Machine machine(std::move(options));
    THEN("what needs the others has failed, and the rest is there") {
      await_running(machine, {"basic", "networking", "ssh", "cron"});
      CHECK(machine.state("mounts") == "failed");
      CHECK(machine.state("swap") == "failed");
      see(machine, "zinitctl logs mounts", "LABEL=home");
      see(machine, "findmnt -n -o FSTYPE /tmp", "tmpfs\n");
      see(machine, "findmnt -n -o OPTIONS /", "rw,relatime");
    }
  }
}

SCENARIO("the power button powers off, and systemd starts from the same disk afterwards") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine with zinit as its init") {
    const DebianDisks disks;
    Machine machine(disks.machine());
    await_running(machine, {"acpid", "ssh", "network-mounts"});
    see(machine, "grep -l 'Power Button' /sys/class/input/input*/name", "/name");
    WHEN("its power button is pressed") {
      const std::size_t up = machine.console().text().size();
      machine.press_power_button();
      THEN("it is off in order, and Debian's own init finds all as it was") {
        await_power_off(machine, up);
        disks.check_clean();
        Vm systemd(disks.machine_through_ours("init=/lib/systemd/systemd"));
        systemd.console().wait_for("switch-root: going on as /lib/systemd/systemd");
        systemd.log_in();
        Terminal& console = systemd.console();
        CHECK(console.output_of("systemctl is-active ssh cron rsyslog dbus home.mount") ==
              "active\nactive\nactive\nactive\nactive\n");
        console.send("systemctl poweroff\n");
        console.wait_for("reboot: Power down");
        CHECK(systemd.wait_for_end() == 0);
        disks.check_clean();
      }
    }
  }
}

SCENARIO("packages that are installed later start and stop nothing behind zinit's back") {
  if (DebianDisks::none_to_be_had()) return test::skip("building the image needs root");
  GIVEN("a machine with packages that have a unit file and an init script") {
    const DebianDisks disks;
    Machine machine(disks.machine());
    await_running(machine, {"cron", "ssh"});
    const int cron = machine.pid("cron");
    WHEN("apt-get installs two that are new and one that is there already") {
      const std::string installed = machine.shell().output_of(
          "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --reinstall /srv/packages/*.deb");
      INFO(installed);
      THEN("no new daemon runs, the one that ran runs on, and all of them can be removed") {
        CHECK(in_order(installed, {"Setting up at ", "policy-rc.d denied execution of start"}));
        see(machine, "dpkg-query -W -f '${Status}\\n' at haveged cron | sort | uniq -c",
            "3 install ok installed");
        CHECK(machine.shell()
                  .output_of("test -e /lib/systemd/system/atd.service && "
                             "test -x /etc/init.d/haveged && ps -e -o comm=")
                  .find("atd") == std::string::npos);
        CHECK(machine.shell().run("pidof atd haveged").code == 1);
        // Not having been asked, it runs init scripts that stop a daemon.
        CHECK(machine.shell()
                  .run("invoke-rc.d cron stop")
                  .output.find("policy-rc.d denied execution of stop") != std::string::npos);
        CHECK(machine.pid("cron") == cron);
        CHECK(machine.ask("status cron")["restart_count"].GetInt() == 0);
        machine.shell().output_of("apt-get purge -q -y at haveged");
        CHECK(machine.pid("cron") == cron);
      }
    }
  }
}

}  // namespace vm_disk_test
