// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// on_failure and on_failure_action: the effects of a final failure (zinit.toml(5), [lifecycle]).
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_failures {
namespace {

const std::string kOnRequest = "status = 'stop'";

/// A service that fails when the mark `go` exists.
Toml failing(const std::string& on_failure, const std::string& end = "exit 3") {
  return {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done; " + end,
          .lifecycle = "restart = 'never'\n" + on_failure};
}

TEST_CASE("on_failure_action exit ends a server or container with the exit code of the service",
          "[on_failure_action][container]") {
  for (const auto& [signal, container] :
       {std::pair(false, false), std::pair(true, false), std::pair(false, true)}) {
    INFO(signal << container);
    Server zinit({.container = container});
    zinit.add("fallback", {.exec = "echo started >> $T; exec sleep 100000", .service = kOnRequest});
    zinit.add("web", failing("on_failure = ['fallback']\non_failure_action = 'exit'",
                             signal ? "kill -KILL $$" : "exit 3"));
    zinit.boot({"web"});
    zinit.mark("go");
    CHECK(zinit.exit_code() == (signal ? 128 + 9 : 3));
    CHECK_THAT(zinit.messages(), Contains("shut down: web failed: ") &&
                                     Contains("web: failed for good; starting fallback"));
  }
}

TEST_CASE("on_failure_action waits until what on_failure has started is through",
          "[on_failure_action][on_failure]") {
  Server zinit;
  const std::string alert = "echo begin >> $T; while ! [ -e $D/sent ]; do sleep 0.01; done; ";
  zinit.add("alert",
            {.exec = alert + "echo sent >> $T", .service = "oneshot = true\n" + kOnRequest});
  zinit.add("web", failing("on_failure = ['alert']\non_failure_action = 'exit'"));
  zinit.boot({"web"});
  zinit.mark("go");
  zinit.await_trace("begin");
  CHECK(zinit.state("web") == "failed");
  CHECK(zinit.state("alert") == "starting");
  zinit.mark("sent");
  CHECK(zinit.exit_code() == 3);
  CHECK(zinit.count("sent") == 1);
}

TEST_CASE("a re-execution while on_failure_action waits starts nothing again",
          "[on_failure_action][on_failure][reexec]") {
  Server zinit;
  zinit.add("brief",
            {.exec = "echo brief >> $T", .service = kOnRequest, .lifecycle = "restart = 'never'"});
  zinit.add("slow", {.exec = "echo slow >> $T; while ! [ -e $D/sent ]; do sleep 0.01; done",
                     .service = "oneshot = true\n" + kOnRequest});
  zinit.add("web", failing("on_failure = ['brief', 'slow']\non_failure_action = 'exit'"));
  zinit.boot({"web"});
  zinit.mark("go");
  zinit.await_trace("slow");
  zinit.await_trace("brief");
  zinit.await_state("brief", "exited");
  zinit.reexecute();
  CHECK(zinit.state("slow") == "starting");
  zinit.mark("sent");
  CHECK(zinit.exit_code() == 3);
  CHECK(zinit.count("brief") == 1);
  CHECK(zinit.count("slow") == 1);
}

}  // namespace
}  // namespace zinit::test::lifecycle_failures
