// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Unusual boots: no services, words on the kernel's command line, a shell on the console.
#include "vm/machine.hpp"
namespace zinit::vm::emergency {

SCENARIO("without any service file the machine stays up with a shell on the console") {
  Vm vm({.bare = true});
  Terminal& console = vm.console();
  console.wait_for("# ");
  step("it is a shell of root's, and PID 1 answers on its socket", [&] {
    CHECK(console.output_of("zinitctl ping").find('1') != std::string::npos);
    CHECK(console.output_of("id -u") == "0\n");
  });
  step("the machine powers off when it is asked to", [&] {
    console.send("poweroff\n");
    console.wait_for("reboot: Power down");
    CHECK(vm.wait_for_end() == 0);
  });
}

SCENARIO("a folder of services that does not exist leads to the emergency shell too") {
  Vm vm({.kernel_arguments = "zinit.config_dir=/nowhere", .bare = true});
  vm.console().wait_for("# ");
  CHECK(vm.console().output_of("readlink /proc/1/exe") == "/sbin/zinit\n");
}

SCENARIO("`emergency` on the kernel's command line gives a shell, and the boot goes on after it") {
  Vm vm({.kernel_arguments = "emergency", .program = "/sbin/init"});
  Terminal& console = vm.console();
  console.wait_for("# ");
  CHECK(console.run("redis-cli ping").output != "PONG\n");
  step("the shell is left, and the machine boots to its login", [&] {
    console.send("exit\n");
    vm.log_in();
    console.output_of("zinitctl wait multi-user --for running --timeout 120");
    console.repeat_until("redis-cli ping", "PONG");
  });
  step("it is rebooted from there, and resets", [&] {
    console.send("reboot\n");
    console.wait_for("reboot: Restarting system");
    CHECK(vm.wait_for_end() == 0);
  });
}

SCENARIO("a critical service that fails for good brings the emergency shell") {
  Vm vm({.files = {service("vital", "[service]\nexec = [\"/nowhere\"]\ncritical = true\n")},
         .bare = true});
  Terminal& console = vm.console();
  console.wait_for("vital");
  console.wait_for("# ");
  CHECK(console.output_of("zinitctl why vital").find("No such file") != std::string::npos);
  step("it is mended, and the shell is left: it is started again", [&] {
    console.output_of("printf '#!/bin/sh\\nexec sleep 1000\\n' >/nowhere; chmod 755 /nowhere");
    leave_emergency_shell(vm);
    console.wait_for("vital: running");
  });
}

}  // namespace zinit::vm::emergency
