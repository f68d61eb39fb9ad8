// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit shows the first cause of an event, and not one that followed from it.
#include "scenario/harness.hpp"
#include "scenario/harness/left_processes.hpp"

namespace zinit::test::lifecycle_causes {
namespace {

std::string why(const Server& zinit, const std::string& name) {
  return zinit.ctl({"why", name}).out;
}

TEST_CASE("why of a stop names its stop_exec, and who has ended it", "[why][stop][cgroups]") {
  Server zinit;
  zinit.add("slow", {.service = "stop_exec = 'echo asked >> $T; exec sleep 100000'",
                     .lifecycle = "stop_timeout_ms = 'infinity'"});
  zinit.boot({"slow"});
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  CHECK(zinit.ctl({"stop", "--no-wait", "slow"}).code == 0);
  zinit.await_trace("asked");
  CHECK_THAT(why(zinit, "slow"), Contains("its stop_exec runs, pid ") &&
                                     Contains("`/bin/sh -c echo asked >> $T; exec sleep") &&
                                     Contains("`zinitctl kill --all slow KILL` ends it"));
  CHECK(zinit.ctl({"kill", "--all", "slow", "KILL"}).code == 0);
  zinit.await_state("slow", "exited");
  const std::string by = "killed at the request of pid ";
  CHECK_THAT(zinit.ctl({"status", "slow"}).out, Contains(by));
  CHECK_THAT(why(zinit, "slow"), Contains("its process was " + by));
}

TEST_CASE("what a stop has spared is in why", "[why][kill_mode][cgroups]") {
  Server zinit;
  zinit.add("ssh",
            {.exec = escaping("session") + "exec sleep 100000", .lifecycle = "kill_mode = 'main'"});
  zinit.boot({"ssh"});
  const pid_t session = escaped_pid(zinit, "session");
  zinit.stop("ssh");
  if (has_cgroups(zinit)) {
    // The session's shell may have a sleep at this moment, whose number may be the lower one.
    CHECK_THAT(why(zinit, "ssh"),
               Contains("its kill_mode has left ") && Contains(std::to_string(session)));
    CHECK(zinit.ctl({"kill", "--all", "ssh", "TERM"}).code == 0);
  } else {
    ::kill(session, SIGKILL);
  }
  REQUIRE(eventually([&] { return !alive(session); }));
  CHECK_THAT(why(zinit, "ssh"), !Contains("its kill_mode"));
}

}  // namespace
}  // namespace zinit::test::lifecycle_causes
