// A machine whose watchdog zinit feeds.

#include <catch2/catch.hpp>

#include "vm/machine.hpp"

using namespace zinit::vm;

SCENARIO("a watchdog whose driver comes late is fed from then on, and disarmed when unwanted") {
  GIVEN("a booted machine with a watchdog in its settings, and no driver yet") {
    Machine machine({File{"/etc/zinit/zinit.toml",
                          "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = 3000\n"}});
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
