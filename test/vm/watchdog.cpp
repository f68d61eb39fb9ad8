// A machine whose watchdog zinit feeds.

#include "base/format.hpp"
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_watchdog_test {

using namespace zinit::vm;
using Catch::Contains;

namespace {

File settings() {
  return {"/etc/zinit/zinit.toml",
          "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = 3000\n"};
}

/// Nothing of PID 1 runs any more: no signal stops it, but the freezer of its cgroup does.
const std::string kFreezePid1 =
    "mkdir /sys/fs/cgroup/ice && echo 1 >/sys/fs/cgroup/ice/cgroup.procs && "
    "echo 1 >/sys/fs/cgroup/ice/cgroup.freeze";

}  // namespace

SCENARIO("a watchdog whose driver comes late is fed from then on, and disarmed when unwanted") {
  GIVEN("a booted machine with a watchdog in its settings, and no driver yet") {
    Machine machine({settings()});
    auto& shell = machine.shell();
    const std::string state = "cat /sys/class/watchdog/watchdog0/state";
    WHEN("the driver is loaded") {
      machine.load_watchdog();
      THEN("it has the timeout, and the machine lives for longer than that") {
        shell.repeat_until("cat /sys/class/watchdog/watchdog0/timeout", "3");
        const double fed = std::stod(shell.output_of("cat /proc/uptime"));
        shell.repeat_until("awk '{ print ($1 > " + std::to_string(fed + 6) + ") }' /proc/uptime",
                           "1");
        AND_WHEN("it is taken out of the settings") {
          shell.output_of("rm /etc/zinit/zinit.toml; zinitctl reload");
          THEN("it is disarmed") { shell.repeat_until(state, "inactive"); }
        }
      }
    }
  }
}

SCENARIO("a watchdog whose driver refuses the timeout is fed by the driver's own") {
  GIVEN("a timeout of a day, which softdog does not take, and one of 4 s that it has by itself") {
    Machine machine(
        {File{"/etc/zinit/zinit.toml",
              "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = 86400000\n"}});
    auto& shell = machine.shell();
    machine.load_watchdog("soft_margin=4");
    THEN("the machine lives for longer than that, and the log has the timeout in force") {
      const double fed = std::stod(shell.output_of("cat /proc/uptime"));
      shell.repeat_until("awk '{ print ($1 > " + std::to_string(fed + 9) + ") }' /proc/uptime",
                         "1");
      CHECK(shell.output_of("cat /sys/class/watchdog/watchdog0/timeout") == "4\n");
      CHECK(machine.zinitctl("logs zinit -n all")
                .find("feeding /dev/watchdog every 2.0 s, which resets the machine after 4.0 s") !=
            std::string::npos);
    }
  }
}

SCENARIO("a machine whose zinit hangs is reset, and one whose zinit executes itself anew is not") {
  GIVEN("a machine whose watchdog has 3 s") {
    Machine machine({settings(), service("freezer",
                                         "[service]\nexec = \"/bin/sleep 100000\"\n"
                                         "stop_exec = \"" +
                                             kFreezePid1 +
                                             "\"\n"
                                             "status = \"stop\"\n")});
    auto& shell = machine.shell();
    machine.load_watchdog();
    WHEN("zinit is executed anew, again and again for longer than that") {
      const double begun = std::stod(shell.output_of("cat /proc/uptime"));
      const std::string later = fmt::format("awk '{{ print ($1 > {}) }}' /proc/uptime", begun + 7);
      while (shell.output_of(later) == "0\n") machine.zinitctl("reexec");
      THEN("the watchdog stays armed and fed") {
        CHECK(shell.output_of("cat /sys/class/watchdog/watchdog0/state") == "active\n");
        CHECK_THAT(machine.console().text(), !Contains("softdog: Initiating system reboot"));
      }
    }
    WHEN("it hangs") {
      shell.send(kFreezePid1 + "\n");
      THEN("the machine is reset") {
        machine.console().wait_for("softdog: Initiating system reboot");
        CHECK(machine.wait_for_end() == 0);
      }
    }
    WHEN("it hangs in the middle of a shutdown") {
      machine.zinitctl("start freezer");
      shell.send("zinitctl poweroff\n");
      THEN("the machine is reset") {
        machine.console().wait_for("freezer: stopping");
        machine.console().wait_for("softdog: Initiating system reboot");
        CHECK(machine.wait_for_end() == 0);
        CHECK_THAT(machine.console().text(), !Contains("power off now"));
      }
    }
  }
}

}  // namespace vm_watchdog_test
