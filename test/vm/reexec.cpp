// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// PID 1 of a machine re-executes itself: on request, and after a fault. A mistake there would be a
// panic of the kernel.
#include "vm/machine.hpp"
namespace zinit::vm::reexec {
namespace {

/// The pid and the restart count of each service.
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

/// Checks that all services are as they were `before`.
void check_same(Machine& machine, const std::map<std::string, std::string>& before) {
  machine.zinitctl("ping");
  CHECK(services_of(machine) == before);
}

SCENARIO("PID 1 executes itself again, asked to and after faults, and no service notices") {
  Machine machine({File{"/etc/zinit/zinit.toml",
                        "watchdog_device = \"/dev/watchdog\"\nwatchdog_timeout_ms = 5000\n"}});
  auto& shell = machine.shell();
  machine.load_watchdog();
  machine.zinitctl("stop syslogd");  // so that /dev/log belongs to PID 1
  shell.repeat_until("ls /dev/log", "/dev/log");
  const auto before = services_of(machine);
  REQUIRE(before.size() > 5);
  step("asked to, with all services as they were and the watchdog fed", [&] {
    machine.zinitctl("reexec");
    check_same(machine, before);
    logs_and_supervises(machine, "hello-again");
    let_pass(shell, 7);
    CHECK(shell.output_of("cat /sys/class/watchdog/watchdog0/state") == "active\n");
  });
  step("after faults, with all services as they were", [&] {
    const auto now = services_of(machine);
    for (const char* signal : {"SEGV", "ABRT", "BUS"}) {
      shell.output_of(std::string("kill -") + signal + " 1");
      shell.repeat_until("zinitctl logs zinit -n all",
                         "a fault in zinit itself: SIG" + std::string(signal));
    }
    check_same(machine, now);
    logs_and_supervises(machine, "still-here");
  });
  step("after all of them the machine powers off", [&] { power_off(machine); });
}

SCENARIO("after five faults within a minute the console has a shell, and the services run on") {
  Machine machine;  // without a watchdog, which would reset it in the end
  auto& shell = machine.shell();
  for (int i = 0; i < 4; ++i) {
    shell.output_of("kill -SEGV 1");
    shell.repeat_until("echo $(zinitctl logs zinit -n all | grep -c 'fault in zinit') faults",
                       std::to_string(i + 1) + " faults");
  }
  shell.send("kill -SEGV 1\n");
  machine.console().wait_for("starting a shell on the console");
  machine.console().wait_for("# ");
  CHECK(shell.output_of("redis-cli ping") == "PONG\n");
}

}  // namespace
}  // namespace zinit::vm::reexec
