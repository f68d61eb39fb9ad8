// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Debian 12 on disks, installed by its packages' own scripts, with zinit as /sbin/init in place of
// systemd and the service files of etc/sample/examples/debian-disk (disk-image makes it).
#include "base/format.hpp"
#include "vm/disks.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::disk {
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
  see(machine, "findmnt -n -o SOURCE /srv/fuse", "/srv/fuse.ext4\n");
  see(machine, "date >/srv/fuse/date && stat -c %F /srv/fuse/date", "regular file\n");
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

/// udev makes an interface appear, and DHCP configures it; its client keeps running.
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
  machine.zinitctl("stop networking");
  CHECK(machine.shell().run("pidof dhclient").code == 1);
  CHECK(machine.shell().output_of("ip -4 -br addr show ens8") == "");
  machine.zinitctl("start networking");
  see(machine, client, "1\n");
  await_running(machine, {"network-mounts", "ssh"});
}

/// A firewall's rules exist until its oneshot is stopped. A fault in new rules leaves the old ones
/// in place.
void look_at_firewall(Machine& machine) {
  const std::string rules = "nft list ruleset | grep -c chain";
  see(machine, rules, "3\n");
  machine.shell().output_of("echo bogus >>/etc/nftables.conf");
  for (const char* verb : {"reload", "restart"}) {
    const Answer refused = machine.shell().run(fmt::format("zinitctl {} nftables", verb));
    INFO(refused.output);
    CHECK(refused.code == 1);
    CHECK(refused.output.find("syntax error") != std::string::npos);
    see(machine, rules, "3\n");
  }
  machine.shell().output_of("sed -i /bogus/d /etc/nftables.conf");
  machine.shell().output_of("echo add table inet new >>/etc/nftables.conf");
  machine.zinitctl("reload nftables");
  see(machine, "nft list tables", "table inet new");
  machine.zinitctl("stop nftables");
  CHECK(machine.shell().output_of("nft list ruleset") == "");
  machine.zinitctl("start nftables");
  see(machine, rules, "3\n");
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

/// @return  the output of a command in root's session by ssh
Answer in_a_session(Machine& machine, const std::string& command) {
  return machine.shell().run(
      "ssh -tt -o BatchMode=yes -o StrictHostKeyChecking=accept-new "
      "root@localhost '" +
      command + "'");
}

/// A session of ssh restarts its own server and goes on. A typo in the server's config leaves the
/// server unchanged.
void restart_ssh_by_ssh(Machine& machine) {
  machine.shell().output_of("cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys");
  const int before = machine.pid("ssh");
  const Answer good =
      in_a_session(machine, "zinitctl restart ssh && zinitctl wait ssh && echo goes on");
  INFO(good.output);
  CHECK(good.code == 0);
  CHECK(good.output.find("goes on") != std::string::npos);
  const int now = machine.pid("ssh");
  CHECK(now != before);
  machine.shell().output_of("echo Portt 22 >>/etc/ssh/sshd_config");
  const Answer refused = in_a_session(machine, "zinitctl restart ssh; echo code $?");
  INFO(refused.output);
  CHECK(in_order(refused.output, {"Bad configuration option: Portt", "code 1"}));
  CHECK(machine.pid("ssh") == now);
  CHECK(in_a_session(machine, "true").code == 0);
  machine.shell().output_of("sed -i /Portt/d /etc/ssh/sshd_config");
}

/// A container on the machine's root file system outlives a restart of containerd.
void restart_containerd(Machine& machine) {
  Terminal& shell = machine.shell();
  machine.zinitctl("start containerd");
  await_running(machine, {"containerd"});
  shell.output_of("mkdir /srv/box && mount --bind / /srv/box");
  shell.output_of("ctr run -d --rootfs /srv/box box /bin/sleep 4321");
  const std::string tasks = shell.output_of("ctr task ls");
  INFO(tasks);
  CHECK(tasks.find("RUNNING") != std::string::npos);
  const int before = machine.pid("containerd");
  machine.zinitctl("restart containerd");
  await_running(machine, {"containerd"});
  CHECK(machine.pid("containerd") != before);
  CHECK(shell.output_of("ctr task ls") == tasks);
  shell.output_of("ctr task rm -f box && ctr container rm box && umount /srv/box");
  machine.zinitctl("stop containerd");
  see(machine, "pidof sleep containerd-shim-runc-v2 || echo none", "none\n");
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

/// The machine ends, and each service is down before the services that it needs.
void await_power_off(Machine& machine, std::size_t up) {
  machine.console().wait_for("reboot: Power down");
  const std::string down = machine.console().text().substr(up);
  INFO(down);
  CHECK(in_order(down, {"ssh: stopped", "networking: stopped", "EXT4-fs (vda): unmounting",
                        "EXT4-fs (nvme0n1): re-mounted", "power off now"}));
  CHECK(in_order(down, {"cron: stopped", "rsyslog: stopped"}));
  CHECK(in_order(down, {"network-mounts: stopped", "networking: stopped"}));
  CHECK(down.find("continuing although") == std::string::npos);
  CHECK(machine.wait_for_end() == 0);
}

/// apt-get installs two new packages, one with a unit file and one with an init script, and one
/// package that is installed already.
void check_later_packages(Machine& machine) {
  Terminal& shell = machine.shell();
  const int cron = machine.pid("cron");
  const std::string installed = shell.output_of(
      "DEBIAN_FRONTEND=noninteractive apt-get install -q -y --reinstall /srv/packages/*.deb");
  INFO(installed);
  CHECK(in_order(installed, {"Setting up at ", "policy-rc.d denied execution of start"}));
  see(machine, "dpkg-query -W -f '${Status}\\n' at haveged cron | sort | uniq -c",
      "3 install ok installed");
  CHECK(shell
            .output_of("test -e /lib/systemd/system/atd.service && "
                       "test -x /etc/init.d/haveged && ps -e -o comm=")
            .find("atd") == std::string::npos);
  CHECK(shell.run("pidof atd haveged").code == 1);
  // Otherwise it runs init scripts, and one stops a daemon.
  CHECK(shell.run("invoke-rc.d cron stop").output.find("policy-rc.d denied execution of stop") !=
        std::string::npos);
  CHECK(machine.pid("cron") == cron);
  CHECK(machine.ask("status cron")["restart_count"].GetInt() == 0);
  shell.output_of("apt-get purge -q -y at haveged");
  CHECK(machine.pid("cron") == cron);
}

/// Debian's own init finds everything unchanged.
void check_systemd(const DebianDisks& disks) {
  Vm systemd(disks.machine_through_ours("init=/lib/systemd/systemd"));
  Terminal& console = systemd.console();
  console.wait_for("switch-root: going on as /lib/systemd/systemd");
  systemd.log_in();
  CHECK(console.output_of("systemctl is-active ssh cron rsyslog dbus home.mount") ==
        "active\nactive\nactive\nactive\nactive\n");
  console.send("systemctl poweroff\n");
  console.wait_for("reboot: Power down");
  CHECK(systemd.wait_for_end() == 0);
  disks.check_clean();
}

/// The machine restarts at once after the repair of its root file system.
void check_mended(const DebianDisks& disks) {
  Vm machine(disks.machine());
  machine.console().wait_for("root contains a file system with errors, check forced");
  machine.console().wait_for("REBOOT SYSTEM");
  CHECK(machine.wait_for_end() == 0);
  CHECK(machine.console().text().find("nvme0n1): re-mounted") == std::string::npos);
  disks.check_clean();
}

/// @return  the checksum of this boot's seed
std::string check_next_boot(const DebianDisks& disks) {
  Machine machine(disks.machine());
  see(machine, "zinitctl logs fsck-root", "root: clean");
  const std::string seed = machine.shell().output_of("cksum </var/lib/zinit/random-seed");
  machine.shell().send("reboot\n");
  machine.console().wait_for("reboot: Restarting system");
  CHECK(machine.wait_for_end() == 0);
  disks.check_clean();
  return seed;
}

/// Debian's initramfs checks the root file system itself.
void check_boot_with_initrd(const DebianDisks& disks, const std::string& seed) {
  Machine machine(disks.machine_with_initrd());
  CHECK(machine.console().text().find("Will now check root file system") != std::string::npos);
  CHECK(machine.zinitctl("logs fsck-root") == "");
  CHECK(machine.state("remount-root") == "exited");
  CHECK(machine.shell().output_of("cksum </var/lib/zinit/random-seed") != seed);
  see(machine, "last -x reboot shutdown | awk '{ print $1 }' | tr '\\n' ' '",
      "reboot shutdown reboot");
  await_running(machine, {"ssh", "cron", "network-mounts"});
  const std::size_t up = machine.console().text().size();
  machine.shell().send("poweroff\n");
  await_power_off(machine, up);
  disks.check_clean();
}

/// Makes lost+found a file, which fsck does not repair without being asked.
void break_beyond_repair(const DebianDisks& disks) {
  disks.root.debug("set_inode_field /lost+found mode 0100700");
  disks.root.debug("set_super_value state 2");
}

/// The boot continues from the disk, without another check.
void check_mended_by_hand(const DebianDisks& disks) {
  Vm machine(disks.machine_through_ours());
  machine.console().wait_for("UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY");
  machine.console().wait_for("# ");
  machine.console().output_of("fsck.ext4 -y /dev/nvme0n1; [ $? -le 3 ]");
  leave_emergency_shell(machine);
  machine.console().wait_for("disk login: ");
  Terminal& shell = machine.shell();
  shell.output_of("zinitctl wait ssh cron rsyslog --for running --timeout 120");
  CHECK(shell.output_of("zinitctl logs fsck-root") == "");
  CHECK(shell.output_of("findmnt -n -o SOURCE,OPTIONS /").find("/dev/nvme0n1 rw,") == 0);
  shell.send("poweroff\n");
  machine.console().wait_for("reboot: Power down");
  CHECK(machine.wait_for_end() == 0);
  disks.check_clean();
}

SCENARIO("Debian starts from a disk, is used, powered off, and its systemd finds all as it was") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  {
    Machine machine(disks.machine());  // the kernel mounts its root file system read-only
    await_running(machine, {"udevd", "rsyslog", "dbus", "cron", "acpid", "agetty@ttyS0", "ssh"});
    step("what a boot does is done", [&] { look_at_early_boot(machine); });
    step("its network is there", [&] { look_at_network(machine); });
    step("its firewall is there", [&] { look_at_firewall(machine); });
    step("people log in", [&] {
      log_in_on_console(machine);
      log_in_by_ssh(machine);
      restart_ssh_by_ssh(machine);
    });
    step("its daemons work", [&] { look_at_daemons(machine); });
    step("its containers outlive a restart of containerd", [&] { restart_containerd(machine); });
    step("packages that are installed later start and stop nothing behind zinit's back",
         [&] { check_later_packages(machine); });
    step("its power button powers it off, with its file systems clean", [&] {
      see(machine, "grep -l 'Power Button' /sys/class/input/input*/name", "/name");
      const std::size_t up = machine.console().text().size();
      machine.press_power_button();
      await_power_off(machine, up);
      disks.check_clean();
    });
  }
  step("systemd starts from the same disks", [&] { check_systemd(disks); });
}

SCENARIO("a damaged root file system is mended before it is used") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  disks.root.debug("set_inode_field /etc/hostname links_count 3");
  disks.root.debug("set_super_value state 2");
  REQUIRE(disks.root.check().code != 0);
  step("it is mended, and the machine restarted", [&] { check_mended(disks); });
  std::string seed;
  step("the next start finds it clean", [&] { seed = check_next_boot(disks); });
  step("the one after, by way of Debian's initramfs, does not check it again, and is powered off",
       [&] { check_boot_with_initrd(disks, seed); });
}

SCENARIO("a root file system that cannot be mended is left alone, and somebody is asked for") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  break_beyond_repair(disks);
  Vm machine(disks.machine());
  Terminal& console = machine.console();
  console.wait_for("UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY");
  console.wait_for("(or press Control-D to continue): ");
  step("the emergency shell has the console for itself, and nothing was written", [&] {
    machine.shell().repeat_until("zinitctl --json status agetty@ttyS0", "dependency_failed");
    machine.shell().repeat_until("findmnt -n -o OPTIONS /", "ro,relatime");
  });
  step("somebody mends it", [&] {
    console.send("\n");
    console.wait_for("# ");
    CHECK(console.output_of("fsck -T -y /; [ $? -le 3 ]").find("FILE SYSTEM WAS MODIFIED") !=
          std::string::npos);
    console.send("reboot -f\n");
    CHECK(machine.wait_for_end() == 0);
    disks.check_clean();
  });
}

SCENARIO("zinit's initramfs goes over to the Debian on a disk, once that is mended by hand") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  break_beyond_repair(disks);
  check_mended_by_hand(disks);
}

SCENARIO("a machine can be reached where disks of fstab are missing") {
  if (no_disk_images()) return test::skip("building the image needs root");
  const DebianDisks disks;
  VmOptions options = disks.machine();
  options.disks.resize(1);  // the disk of the root file system
  Machine machine(std::move(options));
  step("what does not need the others is there", [&] {
    await_running(machine, {"basic", "networking", "ssh", "cron"});
    see(machine, "findmnt -n -o FSTYPE /tmp", "tmpfs\n");
    see(machine, "findmnt -n -o OPTIONS /", "rw,relatime");
  });
  step("what does has failed", [&] {
    CHECK(machine.state("mounts") == "failed");
    CHECK(machine.state("swap") == "failed");
    see(machine, "zinitctl logs mounts", "LABEL=home");
  });
}

}  // namespace
}  // namespace zinit::vm::disk
