// PID 1 of a machine executes itself anew: asked to, and after a fault. A mistake there is a panic
// of the kernel.

#include <map>

#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_reexec_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

/// The pid and the number of restarts of each service.
std::map<std::string, std::string> services_of(Machine& machine) {
  std::map<std::string, std::string> all;
  const JsonDocument list = machine.ask("list");
  for (const auto& each : list.GetArray()) {
    const auto& pid = each["pid"];
    all[each["name"].GetString()] =
        std::string(each["state"].GetString()) +
        (pid.IsInt() ? " " + std::to_string(pid.GetInt()) : std::string()) + " " +
        std::to_string(each["restart_count"].GetInt());
  }
  return all;
}

void logs_and_supervises(Machine& machine, const std::string& word) {
  auto& shell = machine.shell();
  CHECK(shell.output_of("redis-cli ping") == "PONG\n");
  shell.output_of("logger -t somebody " + word);
  shell.repeat_until("zinitctl logs syslog test-shell -n all", word);
  const int before = machine.pid("redis");
  machine.zinitctl("kill redis KILL");
  machine.zinitctl("wait redis --for running --timeout 120");
  shell.repeat_until("redis-cli ping", "PONG");
  CHECK(machine.pid("redis") != before);
}

}  // namespace

SCENARIO("PID 1 executes itself anew, asked to and after faults, and no service notices") {
  GIVEN("a booted machine that has a watchdog") {
    Machine machine({File{"/etc/zinit/zinit.toml",
                          "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = 5000\n"}});
    auto& shell = machine.shell();
    machine.load_watchdog();
    machine.zinitctl("stop syslogd");  // so that /dev/log is PID 1's
    shell.repeat_until("ls /dev/log", "/dev/log");
    const auto before = services_of(machine);
    REQUIRE(before.size() > 5);
    WHEN("it is asked to") {
      machine.zinitctl("reexec");
      THEN("all services are as they were, the watchdog is fed, and the machine powers off") {
        machine.zinitctl("ping");
        CHECK(services_of(machine) == before);
        logs_and_supervises(machine, "hello-again");
        shell.output_of("sleep 7");
        CHECK(shell.output_of("cat /sys/class/watchdog/watchdog0/state") == "active\n");
        shell.send("zinitctl poweroff\n");
        machine.console().wait_for("reboot: Power down");
        CHECK(machine.wait_for_end() == 0);
      }
    }
    WHEN("it has faults") {
      for (const char* signal : {"SEGV", "ABRT", "BUS"}) {
        shell.output_of(std::string("kill -") + signal + " 1");
        shell.repeat_until("zinitctl logs zinit -n all",
                           "a fault in zinit itself: SIG" + std::string(signal));
      }
      THEN("all services are as they were, and the machine powers off") {
        CHECK(services_of(machine) == before);
        logs_and_supervises(machine, "still-here");
        shell.send("zinitctl poweroff\n");
        machine.console().wait_for("reboot: Power down");
        CHECK(machine.wait_for_end() == 0);
      }
    }
  }
  GIVEN("a booted machine without a watchdog, which would reset it in the end") {
    Machine machine;
    auto& shell = machine.shell();
    WHEN("it has five faults within a minute") {
      for (int i = 0; i < 4; ++i) {
        shell.output_of("kill -SEGV 1");
        shell.repeat_until("echo $(zinitctl logs zinit -n all | grep -c 'fault in zinit') faults",
                           std::to_string(i + 1) + " faults");
      }
      shell.send("kill -SEGV 1\n");
      THEN("the console has a shell, and the services run on") {
        machine.console().wait_for("with a shell on the console");
        machine.console().wait_for("# ");
        CHECK(shell.output_of("redis-cli ping") == "PONG\n");
      }
    }
  }
}

}  // namespace vm_reexec_test
