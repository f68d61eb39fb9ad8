// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// after_ms and no_restart_on: an end soon after the start is a failed start, and some ends are
// final. And ready_exec: it runs each time that a service is ready, before the service counts as
// running (zinit.toml(5), [service]).
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::readiness_after {
namespace {

TEST_CASE("an end before after_ms is a failed start, and one of no_restart_on is final",
          "[after_ms][no_restart_on]") {
  CHECK_DIALOGS("after");
}

TEST_CASE("a service is ready after its after_ms, over re-execution and crash too",
          "[after_ms][reexec]") {
  Server zinit;
  zinit.add("slow", {.more = "[readiness]\nafter_ms = 1500"});
  zinit.boot();
  const Json before = zinit.await_state("slow", "starting");
  zinit.reexecute();
  crash(zinit);
  const Json after = zinit.await_state("slow", "running");
  CHECK(after["main_pid"].number() == before["main_pid"].number());
  CHECK(after["last_ready_us"].number() - after["last_start_us"].number() >= 1500000);
}

TEST_CASE("at a terminal start reports what ends within its first second", "[client]") {
  Server zinit;
  zinit.add("dies", {.exec = "sleep 0.3; exit 1",
                     .service = "status = 'stop'",
                     .lifecycle = "restart = 'never'"});
  zinit.add("lives", {.service = "status = 'stop'"});
  zinit.boot();
  const auto start = [&](const std::string& name) {
    Terminal terminal;
    const pid_t client =
        terminal.launch_in({.argv = {"zinitctl", "--socket", zinit.socket(), "start", name}});
    terminal.await(name + " is running");
    if (name == "dies") terminal.await("ended within a second: exit code 1");
    return wait_for_exit(client);
  };
  CHECK(start("dies") == 1);
  CHECK(start("lives") == 0);
  // Nobody watches output in a pipe, and a script does not have to wait.
  CHECK(zinit.ctl({"start", "dies"}).code == 0);
}

TEST_CASE("ready_exec runs before a service counts as running, and may fail its start",
          "[ready_exec][reexec][crash]") {
  CHECK_DIALOGS("ready_exec");
}

}  // namespace
}  // namespace zinit::test::readiness_after
