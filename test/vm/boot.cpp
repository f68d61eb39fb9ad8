// A machine boots, works, and goes down: the sample system as it is, under both names of its init.

#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_boot_test {

using namespace zinit;
using namespace zinit::vm;
using Catch::Contains;

SCENARIO("the sample system boots from an initramfs, serves, lets root in and powers off") {
  GIVEN("the sample system with zinit as /init") {
    Vm vm;
    WHEN("root logs in at the getty") {
      vm.log_in();
      THEN("the target is reached, redis answers, and poweroff ends the machine") {
        CHECK(vm.console().output_of("readlink /proc/1/exe") == "/sbin/zinit\n");
        vm.console().output_of("zinitctl wait multi-user --for running --timeout 120");
        vm.console().repeat_until("redis-cli ping", "PONG");
        CHECK(vm.console().output_of("readlink /proc/$$/fd/0") == "/dev/ttyS0\n");
        CHECK(vm.console().output_of("hostname") == "sample\n");
        vm.console().send("zinitctl poweroff\n");
        vm.console().wait_for("reboot: Power down");
        CHECK(vm.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("as /sbin/init the sample system boots, and reboot resets the machine") {
  GIVEN("the sample system with zinit as /sbin/init") {
    Vm vm({.program = "/sbin/init"});
    WHEN("the machine is rebooted from the login") {
      vm.log_in();
      vm.console().send("reboot\n");
      THEN("it resets") {
        vm.console().wait_for("reboot: Restarting system");
        CHECK(vm.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("the console shows starts in the order of dependencies and stops in the opposite one") {
  GIVEN("a booted machine where web requires redis") {
    Machine machine({service("web",
                             "[service]\nexec = \"sleep 1000\"\n"
                             "[dependencies]\nrequires = [\"redis\"]\n")});
    machine.zinitctl("wait web --for running --timeout 120");
    const std::string boot = machine.console().text();
    INFO(boot);
    CHECK(in_order(boot, {"loopback: starting", "network: running", "redis: starting",
                          "redis: running", "web: starting"}));
    CHECK(in_order(boot, {"syslogd: running", "klogd: starting"}));
    CHECK(in_order(boot, {"basic: running", "getty@ttyS0: starting"}));
    WHEN("it is powered off") {
      machine.shell().send("zinitctl poweroff\n");
      machine.console().wait_for("reboot: Power down");
      THEN("what requires another is down before that is stopped") {
        const std::string down = machine.console().text().substr(boot.size());
        INFO(down);
        CHECK(in_order(down, {"web: stopped", "redis: stopped"}));
        CHECK(in_order(down, {"redis: stopped", "syslogd: stopped"}));
        CHECK(in_order(down, {"klogd: stopped", "syslogd: stopped"}));
        CHECK(machine.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("kexec ends the machine in order and goes on with the kernel that was loaded") {
  GIVEN("a booted machine with its kernel and its initramfs as files") {
    Machine machine({.files = {{"/boot/vmlinuz", file_of_image("vmlinuz")},
                               {"/boot/initrd", file_of_image("initrd")}},
                     .memory_mib = 768});
    WHEN("no kernel is loaded") {
      const Answer refused = machine.shell().run("zinitctl kexec");
      THEN("it is refused, and nothing is stopped") {
        CHECK(refused.code == 1);
        CHECK_THAT(refused.output, Contains("no kernel is loaded") && Contains("kexec -l"));
        CHECK(machine.state("redis") == "running");
        AND_WHEN("one is") {
          machine.shell().output_of(
              "kexec -l /boot/vmlinuz --initrd=/boot/initrd --append=\"$(cat /proc/cmdline) "
              "anew\"");
          machine.shell().send("zinitctl kexec\n");
          THEN("services are stopped, and the next kernel boots without the firmware") {
            machine.console().wait_for("redis: stopped");
            machine.console().wait_for("Starting new kernel");
            machine.log_in();
            CHECK_THAT(machine.console().output_of("cat /proc/cmdline"), Contains(" anew"));
            machine.console().send("zinitctl poweroff\n");
            machine.console().wait_for("reboot: Power down");
            CHECK(machine.wait_for_end() == 0);
          }
        }
      }
    }
  }
}

SCENARIO("Ctrl-Alt-Del reboots in order") {
  GIVEN("a booted machine") {
    Machine machine;
    WHEN("the keys are pressed") {
      machine.press_ctrl_alt_del();
      THEN("services are stopped and the machine resets") {
        machine.console().wait_for("redis: stopped");
        machine.console().wait_for("reboot: Restarting system");
        CHECK(machine.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("poweroff -f needs no supervisor") {
  GIVEN("a booted machine whose PID 1 answers nobody") {
    Machine machine;
    machine.shell().output_of("rm /run/zinit.sock");
    WHEN("poweroff -f is called") {
      machine.shell().send("/sbin/poweroff -f\n");
      THEN("the machine is off at once, no service stopped") {
        machine.console().wait_for("reboot: Power down");
        CHECK(machine.console().text().find("redis: stopping") == std::string::npos);
        CHECK(machine.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("processes that refuse to go do not keep the machine from powering off") {
  GIVEN("a service that ignores its stop signal, and a stray process in a session of its own") {
    Machine machine({service("stubborn",
                             "[service]\nexec = \"trap '' TERM; while :; do sleep 1; done\"\n"
                             "[lifecycle]\nstop_timeout_ms = 500\n")});
    machine.shell().output_of("setsid sh -c \"trap '' TERM; while :; do sleep 1; done\" &");
    WHEN("it is powered off") {
      machine.shell().send("zinitctl poweroff\n");
      THEN("it is off, as one whose services went would be") {
        machine.console().wait_for("reboot: Power down");
        CHECK(machine.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("PID 1 mounts and sets up what a system needs, and reaps orphans") {
  GIVEN("a booted machine") {
    Machine machine;
    Terminal& shell = machine.shell();
    THEN("kernel file systems, links to descriptors and no zombies are there") {
      const std::string mounts = shell.output_of("cat /proc/mounts");
      INFO(mounts);
      for (const char* folder :
           {"/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/run", "/sys/fs/cgroup"})
        CHECK(mounts.find(std::string(" ") + folder + " ") != std::string::npos);
      CHECK(shell.output_of("grep ' /run ' /proc/mounts").find("nosuid,nodev") !=
            std::string::npos);
      CHECK(shell.output_of("grep ' /sys ' /proc/mounts").find("noexec") != std::string::npos);
      for (const char* link : {"fd", "fd/0", "fd/1", "fd/2"})
        CHECK(shell.output_of("ls -l /dev").find(std::string("/proc/self/") + link + "\n") !=
              std::string::npos);
      shell.output_of("for i in $(seq 50); do setsid sh -c 'sleep 0.01 &' & done; wait");
      shell.repeat_until("ps -o stat | grep -c Z", "0\n");
    }
  }
}

}  // namespace vm_boot_test
