// PID 1 of a machine crashes at some of the places that test/scenario/reexec/kill_points.cpp walks
// through (base/kill_point.hpp). The flavour of `make DEBUG=1` has them, and `make test DEBUG=1`
// boots it.
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_kill_points_test {

using namespace zinit;
using namespace zinit::vm;

SCENARIO("PID 1 crashes where a mistake would cost most, and the machine goes on", "[killpoints]") {
  const std::string point = GENERATE(
      "clone.before:4", "clone.after:4", "launch.done:5", "transition:20", "transition.applied:20",
      "reap.after", "journal.torn:40", "facts.after:2", "read.stored", "reexec.stopped",
      "reexec.execute", "reexec.taken", "reexec.restored", "shutdown.begun", "shutdown.through");
  INFO(point);
  Machine machine({.kernel_arguments = "ZINIT_KILL_MARK=/killed ZINIT_KILL_AT=" + point});
  auto& shell = machine.shell();
  machine.zinitctl("wait multi-user --for running --timeout 120");
  machine.zinitctl("reexec");
  machine.zinitctl("wait multi-user --for running --timeout 120");
  CHECK(shell.output_of("redis-cli ping") == "PONG\n");
  CHECK(shell.output_of("ps | grep -c [r]edis-server") == "1\n");
  const bool later = point.starts_with("shutdown");
  const std::string crashes = later ? "0 crashes" : "1 crashes";
  shell.repeat_until("echo $(zinitctl logs zinit -n all | grep -c 'fault in zinit') crashes",
                     crashes);
  shell.send("zinitctl poweroff\n");
  if (later) machine.console().wait_for("fault in zinit");
  machine.console().wait_for("reboot: Power down");
  CHECK(machine.wait_for_end() == 0);
}

SCENARIO("PID 1 crashes on its way to another root, and gets there", "[killpoints]") {
  const std::string point = GENERATE("switch.begun", "switch.entered");
  INFO(point);
  Machine machine({.kernel_arguments = "ZINIT_KILL_MARK=/run/killed ZINIT_KILL_AT=" + point,
                   .files = {service("keeper",
                                     "[service]\nexec = [\"/bin/sleep\", \"100000\"]\n"
                                     "survive = true\n")}});
  auto& shell = machine.shell();
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
}

}  // namespace vm_kill_points_test
