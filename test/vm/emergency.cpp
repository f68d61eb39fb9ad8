// Boots that do not go the usual way: no services, words on the kernel's command line, a shell on
// the console.

#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_emergency_test {

using namespace zinit;
using namespace zinit::vm;

SCENARIO("without any service file the machine stays up with a shell on the console") {
  GIVEN("an image without service files") {
    Vm vm({.bare = true});
    THEN("the console is a shell of root's, and PID 1 answers on its socket") {
      vm.console().wait_for("# ");
      CHECK(vm.console().output_of("zinitctl ping").find('1') != std::string::npos);
      CHECK(vm.console().output_of("id -u") == "0\n");
      AND_THEN("it powers off when it is asked to") {
        vm.console().send("poweroff\n");
        vm.console().wait_for("reboot: Power down");
        CHECK(vm.wait_for_end() == 0);
      }
    }
  }
}

SCENARIO("a folder of services that does not exist leads to the emergency shell too") {
  GIVEN("an image without service files, and zinit.config_dir on the kernel's command line") {
    Vm vm({.kernel_arguments = "zinit.config_dir=/nowhere", .bare = true});
    THEN("the console is a shell") {
      vm.console().wait_for("# ");
      CHECK(vm.console().output_of("readlink /proc/1/exe") == "/sbin/zinit\n");
    }
  }
}

SCENARIO(
    "`emergency` on the kernel's command line gives a shell first, and the boot goes on after") {
  GIVEN("the sample system booted with `emergency`") {
    Vm vm({.kernel_arguments = "emergency"});
    vm.console().wait_for("# ");
    CHECK(vm.console().run("redis-cli ping").output != "PONG\n");
    WHEN("the shell is left") {
      vm.console().send("exit\n");
      THEN("the machine boots to its login") {
        vm.log_in();
        vm.console().output_of("zinitctl wait multi-user --for running --timeout 120");
        vm.console().repeat_until("redis-cli ping", "PONG");
      }
    }
  }
}

SCENARIO("zinit.target= starts that target with what it pulls in, and nothing else") {
  GIVEN("the sample system booted with zinit.target=rescue") {
    Vm vm({.kernel_arguments = "zinit.target=rescue"});
    THEN("there is a shell of root's, devices and logs, and no redis") {
      vm.console().wait_for("# ");
      vm.console().output_of("zinitctl wait rescue --for running --timeout 120");
      CHECK(vm.console().run("zinitctl is-running syslogd").code == 0);
      CHECK(vm.console().run("redis-cli ping").output != "PONG\n");
      CHECK(in_order(vm.console().run("zinitctl --json status redis").output,
                     {"\"state\":\"inactive\""}));
    }
  }
}

SCENARIO("a critical service that fails for good brings the emergency shell") {
  GIVEN("a critical service that cannot be executed") {
    Vm vm({.files = {service("vital", "[service]\nexec = [\"/nowhere\"]\ncritical = true\n")},
           .bare = true});
    THEN("the console has a shell, and the failure is shown") {
      vm.console().wait_for("vital");
      vm.console().wait_for("# ");
      CHECK(vm.console().output_of("zinitctl why vital").find("No such file") != std::string::npos);
      AND_WHEN("it is mended, and the shell is left") {
        vm.console().output_of(
            "printf '#!/bin/sh\\nexec sleep 1000\\n' >/nowhere; chmod 755 /nowhere");
        vm.console().send("sleep 2; exit\n");
        THEN("it is started again") { vm.console().wait_for("vital: running"); }
      }
    }
  }
}

}  // namespace vm_emergency_test
