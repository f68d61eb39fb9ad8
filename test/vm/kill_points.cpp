// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// PID 1 of a machine crashes at some of the places of test/scenario/reexec/kill_points.cpp
// (base/kill_point.hpp). Its zinit has sanitizers (test/vm/check-image): a report of one ends PID
// 1, and the kernel's panic ends the machine.
#include "vm/machine.hpp"
namespace zinit::vm::kill_points {
namespace {

VmOptions crashing_at(const std::string& point, const std::string& mark) {
  return {.kernel_arguments = "ZINIT_KILL_MARK=" + mark + " ZINIT_KILL_AT=" + point,
          .memory_mib = 768,
          .folder = "build/vm/check"};
}

/// Checks that no process of zinit has reported a fault found by sanitizers.
void check_no_report(Machine& machine) {
  for (Terminal* line : {&machine.console(), &machine.shell()}) {
    CHECK_THAT(line->text(), !Contains("Sanitizer"));
    CHECK_THAT(line->text(), !Contains("runtime error"));
  }
}

/// Waits until zinit has had that many faults.
void await_faults(Machine& machine, const std::string& count) {
  machine.shell().repeat_until(
      "echo =$(zinitctl logs zinit -n all | grep -c 'fault in zinit') faults",
      "=" + count + " faults");
}

/// The system boots, re-executes zinit, works, and powers off, with a crash at `point` on the way.
void check_life_with_crash(const std::string& point) {
  Machine machine(crashing_at(point, "/killed"));
  Terminal& shell = machine.shell();
  const bool at_the_end = point.starts_with("shutdown");
  machine.zinitctl("wait multi-user --for running --timeout 120");
  machine.zinitctl("reexec --timeout 120");
  machine.zinitctl("wait multi-user --for running --timeout 120");
  CHECK(shell.output_of("redis-cli ping") == "PONG\n");
  CHECK(shell.output_of("ps | grep -c [r]edis-server") == "1\n");
  await_faults(machine, at_the_end ? "0" : "1");
  shell.send("zinitctl poweroff\n");
  if (at_the_end) machine.console().wait_for("fault in zinit");
  machine.console().wait_for("reboot: Power down");
  CHECK(machine.wait_for_end() == 0);
  check_no_report(machine);
}

SCENARIO("PID 1 crashes while it starts services, and the machine goes on", "[killpoints]") {
  for (const char* point : {"clone.after:4", "reap.after"})
    step(point, [&] { check_life_with_crash(point); });
}

SCENARIO("PID 1 crashes while it notes what has happened, and the machine goes on",
         "[killpoints]") {
  for (const char* point : {"transition.applied:20", "journal.torn:40"})
    step(point, [&] { check_life_with_crash(point); });
}

SCENARIO("PID 1 crashes while it executes itself again, and the machine goes on", "[killpoints]") {
  for (const char* point : {"reexec.execute", "reexec.restored"})
    step(point, [&] { check_life_with_crash(point); });
}

SCENARIO("PID 1 crashes while it powers off, and the machine is off", "[killpoints]") {
  for (const char* point : {"shutdown.begun", "shutdown.through"})
    step(point, [&] { check_life_with_crash(point); });
}

SCENARIO("PID 1 crashes on its way to another root, and gets there", "[killpoints]") {
  for (const char* point : {"switch.begun", "switch.entered"}) {
    step(point, [&] {
      VmOptions options = crashing_at(point, "/run/killed");
      options.files = {
          service("keeper", "[service]\nexec = [\"/bin/sleep\", \"100000\"]\nsurvive = true\n")};
      Machine machine(options);
      Terminal& shell = machine.shell();
      machine.zinitctl("wait multi-user --for running --timeout 120");
      make_root(shell);
      const int pid = machine.pid("keeper");
      shell.send("zinitctl switch-root /new\n");
      machine.console().wait_for("fault in zinit");
      machine.console().wait_for("inside login: ");
      shell.wait_for("built-in shell (ash)");
      CHECK(machine.pid("keeper") == pid);
      CHECK(shell.output_of("stat -f -c %T /") == "tmpfs\n");
      CHECK(machine.state("multi-user") == "running");
      check_no_report(machine);
    });
  }
}

}  // namespace
}  // namespace zinit::vm::kill_points
