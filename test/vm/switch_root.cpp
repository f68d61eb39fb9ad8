// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// switch-root: from the initramfs to another root in memory, and the reasons to refuse it.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::switch_root {
namespace {

/// The sample's redis, which survives, and requires a service that the new root starts later.
File surviving_redis() {
  return {"/etc/zinit/services/redis.toml",
          "[service]\nexec = \"/usr/bin/redis-server --bind 127.0.0.1 --save ''\"\n"
          "user = \"redis\"\nsurvive = true\n[dependencies]\nrequires = [\"network\"]\n"};
}

/// Removes the new root's init when it is stopped.
File thief() {
  return service("thief",
                 "[service]\nexec = \"/bin/sleep 100000\"\n"
                 "post_exec = \"/bin/rm /new/sbin/init\"\n");
}

void refused(Machine& machine, const std::string& arguments, const std::string& why) {
  const Answer answer = machine.shell().run("zinitctl switch-root " + arguments);
  INFO(arguments);
  CHECK(answer.code == 1);
  CHECK_THAT(answer.output, Contains(why));
}

/// Unsuitable roots and programs, beside a suitable one.
void check_refused(Machine& machine) {
  Terminal& shell = machine.shell();
  make_root(shell);
  shell.output_of(
      "mkdir -p /bare /bound /run/below && mount --bind /usr /bound && mount -t tmpfs t "
      "/run/below && cd /new && ln -s /sbin/none dangling && echo '#!/bin/nothing' > script && "
      "echo text > text && chmod 755 script text && cp /bin/busybox plain && chmod 644 plain "
      "&& cp /bin/busybox arm && printf '\\267' | dd of=arm bs=1 seek=18 conv=notrunc "
      "2>/dev/null && head -c 1000000 /sbin/zinit > cut && chmod 755 cut && cp "
      "/usr/bin/redis-server redis && mv lib64 lib64.away; rm -rf lib64");
  refused(machine, "new", "not an absolute path");
  refused(machine, "/nowhere", "cannot find /nowhere: No such file or directory");
  refused(machine, "/etc/passwd", "/etc/passwd is not a directory");
  refused(machine, "/", "on the same file system as /");
  refused(machine, "/bare", "on the same file system as /");
  refused(machine, "/bound", "on the same file system as /");
  refused(machine, "/new/etc", "nothing is mounted at /new/etc");
  refused(machine, "/run/below", "/run/below is below /run, which would move into the new root");
  refused(machine, "/new sbin/init", "sbin/init is not an absolute path");
  refused(machine, "/new /none", "/none: No such file or directory");
  refused(machine, "/new /dangling", "/dangling: No such file or directory");
  refused(machine, "/new /etc", "/etc is no regular file");
  refused(machine, "/new /plain", "/plain is not executable");
  refused(machine, "/new /text", "/text is neither a program nor a script");
  refused(machine, "/new /script", "/bin/nothing, needed by /script, cannot be opened");
  refused(machine, "/new /arm", "/arm is a program for another architecture");
  refused(machine, "/new /cut", "/cut is incomplete: its file ends before the last part to load");
  refused(machine, "/new /redis", "needed by /redis, cannot be opened: No such file or directory");
  shell.output_of("mount -o remount,noexec /new");
  refused(machine, "/new", "/sbin/init lies on a file system that is mounted noexec");
  CHECK(machine.state("redis") == "running");
  CHECK(machine.console().text().find("redis: stop") == std::string::npos);
  shell.output_of("umount /bound /run/below /new && rmdir /bare /bound /run/below /new");
}

/// The new root's init disappears while services stop.
void check_fails_at_last(Machine& machine) {
  make_root(machine.shell());
  const int pid = machine.pid("redis");
  machine.shell().send("zinitctl switch-root /new\n");
  machine.console().wait_for("switch-root: cannot open /sbin/init: No such file");
  machine.console().wait_for("built-in shell (ash)");
  CHECK_THAT(machine.console().output_of("pidof redis-server"), Contains(std::to_string(pid)));
}

/// The fault is repaired in the shell, and the shell is left.
void check_boots_where_it_is(Machine& machine) {
  const int pid = machine.console().number_of("pidof redis-server");
  machine.console().send("exit\n");
  machine.shell().wait_for("built-in shell (ash)");
  CHECK(machine.pid("redis") == pid);
  machine.zinitctl("stop thief");
  machine.shell().output_of("ln -s zinit /new/sbin/init && rm /new/etc/zinit/services/thief.toml");
}

/// The new root does not know redis.
void check_survives(Machine& machine) {
  Terminal& shell = machine.shell();
  machine.zinitctl("wait multi-user --for running --timeout 120");
  shell.output_of("redis-cli set key here");
  const int pid = machine.pid("redis");
  const int syslogd = machine.pid("syslogd");
  const std::string fds =
      fmt::format("ls -l /proc/{}/fd | awk '{{ print $(NF - 2), $NF }}' | grep -v '^0 '", pid);
  const std::string open = shell.output_of(fds);
  shell.output_of("mv /new/etc/zinit/services/redis.toml /new/etc/zinit/redis.off");
  machine.switch_root();
  CHECK(shell.output_of("hostname") == "inside\n");
  CHECK(machine.pid("redis") == pid);
  CHECK(shell.output_of("cat /sys/fs/cgroup/zinit/redis.service/cgroup.procs") ==
        fmt::format("{}\n", pid));
  CHECK(shell.output_of(fds) == open);
  CHECK(shell.output_of("redis-cli --raw get key") == "here\n");
  CHECK(machine.pid("syslogd") != syslogd);
  CHECK(machine.state("multi-user") == "running");
  CHECK_THAT(machine.zinitctl("logs redis -n all"), Contains("Ready to accept connections"));
  CHECK(shell.output_of("stat -f -c %T /") == "tmpfs\n");
  CHECK_THAT(shell.output_of("cat /proc/mounts"), !Contains("/new"));
  CHECK(shell.output_of("readlink /proc/1/root; readlink /proc/1/cwd") == "/\n/\n");
  machine.zinitctl("reexec --update");  // executes its path in the new root, not /init
}

void check_starts_again(Machine& machine) {
  Terminal& shell = machine.shell();
  const int pid = machine.pid("redis");
  shell.output_of(fmt::format("kill -9 {}", pid));
  shell.repeat_until("zinitctl status redis", "running");
  shell.repeat_until("redis-cli ping", "PONG");
  CHECK(machine.pid("redis") != pid);
  CHECK(machine.ask("status redis")["restart_count"].GetInt() == 1);
}

/// The next root has another redis.
void check_reload_brings_another(Machine& machine) {
  Terminal& shell = machine.shell();
  shell.output_of("redis-cli set key there");
  const int pid = machine.pid("redis");
  make_root(shell);
  shell.output_of(
      "sed 's/127.0.0.1 /127.0.0.1 --port 6380 /' /etc/zinit/redis.off "
      ">/new/etc/zinit/services/redis.toml");
  machine.switch_root();
  CHECK(machine.pid("redis") == pid);
  CHECK(shell.output_of("redis-cli --raw get key") == "there\n");
  machine.zinitctl("reload");
  shell.repeat_until("redis-cli -p 6380 ping", "PONG");
  CHECK(machine.pid("redis") != pid);
}

/// A new root with busybox's init, which checks what it finds.
void make_other_root(Terminal& shell) {
  shell.output_of(
      "dd if=/dev/zero of=/ballast bs=1M count=40 2>/dev/null; mkdir -p /mnt && "
      "mount -t tmpfs kept /mnt && echo safe > /mnt/file");
  make_root(shell);
  shell.output_of(
      "rm /new/sbin/init && ln -s /bin/busybox /new/sbin/init && "
      "printf '::sysinit:/bin/sh /look\\nttyS1::respawn:/bin/sh\\n' > "
      "/new/etc/inittab");
  shell.output_of(
      "cp /proc/1/limits /new/limits; sed -n 's/MemFree: *//p' /proc/meminfo > "
      "/new/before");
}

void check_nothing_left(Terminal& shell) {
  CHECK(shell.output_of("readlink /proc/1/exe") == "/bin/busybox\n");
  CHECK_THAT(shell.output_of("tr '\\0' '\\n' < /proc/1/environ"),
             Contains("key=value") && !Contains("PATH=") && !Contains("ZINIT"));
  CHECK(shell.output_of("ls -1 /proc/1/fd") == "0\n1\n2\n");
  CHECK(shell.output_of("readlink /proc/1/fd/0") == "/dev/console\n");
  CHECK_THAT(shell.output_of("cat /proc/1/status"),
             Contains("SigBlk:\t0000000000000000") && Contains("Threads:\t1\n"));
  CHECK_THAT(shell.output_of("grep 'open files' /proc/1/limits"),
             Contains("1024") && Contains("4096"));
  CHECK(shell.output_of("cat /proc/1/cgroup") == "0::/\n");
}

void check_memory_is_free(Terminal& shell) {
  const int before = shell.number_of("cat /before");
  const int after = shell.number_of("sed -n 's/MemFree: *//p' /proc/meminfo");
  INFO(before << " kB, then " << after);
  CHECK(after > before + 40 * 1024);
}

SCENARIO("switch-root goes over to another root or says why not, and what survives runs on") {
  Machine machine({surviving_redis(), thief()});
  step("one that cannot be made is refused before anything is stopped",
       [&] { check_refused(machine); });
  step("one that fails in its last moment leads to a shell that knows why, and redis runs on",
       [&] { check_fails_at_last(machine); });
  step("the shell is left: zinit boots where it is, and can be asked again",
       [&] { check_boots_where_it_is(machine); });
  step("in a root that does not know redis it runs on, supervised, and all else has begun again",
       [&] { check_survives(machine); });
  step("killed, it is started again, in the new root", [&] { check_starts_again(machine); });
  step("in a root that has another redis the one that runs goes on until a reload",
       [&] { check_reload_brings_another(machine); });
  step("when the machine is powered off redis is stopped as others are", [&] {
    machine.shell().send("zinitctl poweroff\n");
    machine.console().wait_for("redis: stopped");
    machine.console().wait_for("reboot: Power down");
    CHECK(machine.wait_for_end() == 0);
  });
}

SCENARIO("another init than zinit finds PID 1 as the kernel would have started it") {
  Machine machine({.kernel_arguments = "quiet key=value", .files = {surviving_redis()}});
  Terminal& shell = machine.shell();
  make_other_root(shell);
  const int pid = machine.pid("redis");
  shell.send("zinitctl switch-root /new\n");
  shell.wait_for("built-in shell (ash)");
  shell.send("\n");
  step("nothing of zinit's is left to it", [&] { check_nothing_left(shell); });
  step("what survives runs on",
       [&] { CHECK(shell.output_of("pidof redis-server") == fmt::format("{}\n", pid)); });
  step("the memory of the initramfs is free", [&] { check_memory_is_free(shell); });
}

}  // namespace
}  // namespace zinit::vm::switch_root
