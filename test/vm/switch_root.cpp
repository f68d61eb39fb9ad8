// switch-root: from the initramfs to another root in memory, and what it is refused for.

#include "base/format.hpp"
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_switch_root_test {

using namespace zinit;
using namespace zinit::vm;
using Catch::Contains;

namespace {

/// The sample's redis, which survives, and requires what the new root has not started yet.
File surviving_redis() {
  return {"/etc/zinit/services/redis.toml",
          "[service]\nexec = \"/usr/bin/redis-server --bind 127.0.0.1 --save ''\"\n"
          "user = \"redis\"\nsurvive = true\n[dependencies]\nrequires = [\"network\"]\n"};
}

/// Switches to /new, where zinit boots to a login.
void switch_root(Machine& machine, const std::string& arguments = "/new") {
  machine.shell().send("zinitctl switch-root " + arguments + "\n");
  machine.console().wait_for("goes on, system mode");
  machine.shell().wait_for("built-in shell (ash)");
  machine.console().wait_for("inside login: ");
}

}  // namespace

SCENARIO("switch-root goes over to another root, where zinit supervises on what survives") {
  GIVEN("a booted machine with redis surviving, and another root in memory") {
    Machine machine({surviving_redis()});
    auto& shell = machine.shell();
    make_root(shell);
    shell.output_of("redis-cli set key here");
    const int pid = machine.pid("redis");
    const int syslogd = machine.pid("syslogd");
    const std::string fds =
        fmt::format("ls -l /proc/{}/fd | awk '{{ print $(NF - 2), $NF }}' | grep -v '^0 '", pid);
    const std::string open = shell.output_of(fds);
    WHEN("it is switched to, and does not know redis") {
      shell.output_of("rm /new/etc/zinit/services/redis.toml");
      switch_root(machine);
      THEN("redis runs on, supervised, and all else has begun anew") {
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
        AND_WHEN("redis is killed") {
          shell.output_of(fmt::format("kill -9 {}", pid));
          THEN("it is started again, in the new root") {
            shell.repeat_until("zinitctl status redis", "running");
            shell.repeat_until("redis-cli ping", "PONG");
            CHECK(machine.pid("redis") != pid);
            CHECK(machine.ask("status redis")["restart_count"].GetInt() == 1);
          }
        }
        AND_WHEN("the machine is powered off") {
          machine.console().send("root\n");
          shell.send("zinitctl poweroff\n");
          THEN("redis is stopped as others are") {
            machine.console().wait_for("redis: stopped");
            machine.console().wait_for("reboot: Power down");
            CHECK(machine.wait_for_end() == 0);
          }
        }
      }
    }
    WHEN("it is switched to, and has another redis") {
      shell.output_of("sed -i 's/6379/6380/' /new/etc/zinit/services/redis.toml");
      shell.output_of(
          "sed -i 's/127.0.0.1 /127.0.0.1 --port 6380 /' "
          "/new/etc/zinit/services/redis.toml");
      switch_root(machine);
      THEN("the one that runs goes on, and a reload brings the other") {
        CHECK(machine.pid("redis") == pid);
        CHECK(shell.output_of("redis-cli --raw get key") == "here\n");
        machine.zinitctl("reload");
        shell.repeat_until("redis-cli -p 6380 ping", "PONG");
        CHECK(machine.pid("redis") != pid);
      }
    }
  }
}

SCENARIO("a switch-root that cannot be made is refused before anything is stopped") {
  GIVEN("a booted machine with another root") {
    Machine machine;
    auto& shell = machine.shell();
    make_root(shell);
    const auto refused = [&](const std::string& arguments, const std::string& why) {
      const Answer answer = shell.run("zinitctl switch-root " + arguments);
      INFO(arguments);
      CHECK(answer.code == 1);
      CHECK_THAT(answer.output, Contains(why));
    };
    THEN("each reason is told") {
      shell.output_of(
          "mkdir -p /bare /bound /run/below && mount --bind /usr /bound && mount -t tmpfs t "
          "/run/below && cd /new && ln -s /sbin/none dangling && echo '#!/bin/nothing' > script && "
          "echo text > text && chmod 755 script text && cp /bin/busybox plain && chmod 644 plain "
          "&& cp /bin/busybox arm && printf '\\267' | dd of=arm bs=1 seek=18 conv=notrunc "
          "2>/dev/null && cp /usr/bin/redis-server redis && mv lib64 lib64.away; rm -rf lib64");
      refused("new", "no absolute path");
      refused("/nowhere", "cannot find /nowhere: No such file or directory");
      refused("/etc/passwd", "/etc/passwd is no directory");
      refused("/", "on the same file system as /");
      refused("/bare", "on the same file system as /");
      refused("/bound", "on the same file system as /");
      refused("/new/etc", "nothing is mounted at /new/etc");
      refused("/run/below", "/run/below is below /run, which moves into it");
      refused("/new sbin/init", "sbin/init is no absolute path");
      refused("/new /none", "/none: No such file or directory");
      refused("/new /dangling", "/dangling: No such file or directory");
      refused("/new /etc", "/etc is no regular file");
      refused("/new /plain", "/plain is not executable");
      refused("/new /text", "/text is neither a program nor a script");
      refused("/new /script", "/bin/nothing, which /script needs, cannot be opened");
      refused("/new /arm", "/arm is a program for another architecture");
      refused("/new /redis", "which /redis needs, cannot be opened: No such file or directory");
      shell.output_of("mount -o remount,noexec /new");
      refused("/new", "/sbin/init lies on a file system that is mounted noexec");
      CHECK(machine.state("redis") == "running");
      CHECK(machine.console().text().find("redis: stop") == std::string::npos);
    }
  }
}

SCENARIO("another init than zinit finds PID 1 as the kernel would have started it") {
  GIVEN("a new root with busybox's init, and a machine with much memory in its initramfs") {
    Machine machine({.kernel_arguments = "quiet key=value", .files = {surviving_redis()}});
    auto& shell = machine.shell();
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
    const int pid = machine.pid("redis");
    WHEN("it is switched to") {
      shell.send("zinitctl switch-root /new\n");
      shell.wait_for("built-in shell (ash)");
      shell.send("\n");
      THEN("nothing of zinit's is left to it") {
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
      THEN("what survives runs on, and the memory of the initramfs is free") {
        CHECK(shell.output_of("pidof redis-server") == fmt::format("{}\n", pid));
        const int before = std::stoi(shell.output_of("cat /before"));
        const int after = std::stoi(shell.output_of("sed -n 's/MemFree: *//p' /proc/meminfo"));
        INFO(before << " kB, then " << after);
        CHECK(after > before + 40 * 1024);
      }
    }
  }
}

SCENARIO("a switch-root that fails in its last moment leads to a shell, and on from there") {
  GIVEN("a service that takes the new root's init away when it is stopped") {
    Machine machine({surviving_redis(), service("thief",
                                                "[service]\nexec = \"/bin/sleep 100000\"\n"
                                                "post_exec = \"/bin/rm /new/sbin/init\"\n")});
    make_root(machine.shell());
    const int pid = machine.pid("redis");
    WHEN("it is switched to") {
      machine.shell().send("zinitctl switch-root /new\n");
      THEN("the console has a shell that knows why, and redis runs on") {
        machine.console().wait_for("switch-root: cannot open /sbin/init: No such file");
        machine.console().wait_for("built-in shell (ash)");
        CHECK_THAT(machine.console().output_of("pidof redis-server"),
                   Contains(std::to_string(pid)));
        AND_WHEN("the shell is left, and that is mended") {
          machine.console().send("exit\n");
          THEN("zinit boots where it is, and can be asked again") {
            machine.shell().wait_for("built-in shell (ash)");
            CHECK(machine.pid("redis") == pid);
            machine.zinitctl("stop thief");
            machine.shell().output_of("ln -s zinit /new/sbin/init");
            switch_root(machine);
          }
        }
      }
    }
  }
}

SCENARIO("a watchdog stays fed through a switch-root") {
  GIVEN("a machine whose watchdog has 3 s, and another root with the same settings") {
    Machine machine({File{"/etc/zinit/zinit.toml",
                          "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = 3000\n"}});
    auto& shell = machine.shell();
    machine.load_watchdog();
    make_root(shell);
    WHEN("it is switched to") {
      switch_root(machine);
      THEN("it is armed still, and the machine lives") {
        CHECK(shell.output_of("cat /sys/class/watchdog/watchdog0/state") == "active\n");
        const double fed = std::stod(shell.output_of("cat /proc/uptime"));
        shell.repeat_until(fmt::format("awk '{{ print ($1 > {}) }}' /proc/uptime", fed + 6), "1");
        CHECK_THAT(machine.console().text(), !Contains("watchdog did not stop"));
      }
    }
  }
}

}  // namespace vm_switch_root_test
