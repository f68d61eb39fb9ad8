// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The commands before, after and beside a service's process: pre_exec, post_exec, stop_exec,
// reload_exec (zinit.toml(5), [service]).
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_steps {
namespace {

/// A command that writes a line and waits for the test's mark.
std::string gated(const std::string& name) {
  return "['sh', '-c', 'echo " + name + " >> $T; while ! [ -e $D/go-" + name +
         " ]; do sleep 0.01; done']";
}

TEST_CASE("a stop during pre_exec ends it, and nothing is started", "[threads][steps]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "pre_exec = " + gated("pre") +
                             "\npost_exec = 'echo post $EXIT_SIGNAL >> $T'"});
  zinit.boot();
  zinit.await_trace("pre");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.trace() == Texts{"pre", "post SIGTERM"});
}

TEST_CASE("a stop while post_exec runs after a crash lets it finish", "[threads][steps]") {
  Server zinit;
  zinit.add("a",
            {.exec = tracing("a"),
             .service = "post_exec = [" + gated("post") + ", ['sh', '-c', 'echo second >> $T']]",
             .lifecycle = "restart_delay_ms = 10"});
  zinit.boot();
  zinit.await_trace("start a");
  zinit.kill("a");
  zinit.await_trace("post");
  CHECK(zinit.state("a") == "running");
  CHECK_THAT(zinit.result("service.why", named("a")).dump(), Contains("its process has ended"));
  zinit.begin_stop("a");
  zinit.await_state("a", "stopping");
  zinit.mark("go-post");
  zinit.await_state("a", "exited");
  CHECK(zinit.trace() == Texts{"start a", "post", "second"});
}

TEST_CASE("a stop without a time limit waits until a shutdown's own limit", "[steps]") {
  Server zinit({.settings = true});
  zinit.put("zinit.toml", "shutdown_timeout_ms = 300\n");
  zinit.add("hangs", {.exec = stubborn("hangs"), .lifecycle = "stop_timeout_ms = 'infinity'"});
  zinit.boot();
  zinit.await_trace("start hangs");
  zinit.begin_stop("hangs");
  zinit.settle();
  CHECK(zinit.state("hangs") == "stopping");
  const Json debug = zinit.result("debug.state");
  CHECK(debug["services"][0]["stage"] == "signalled");
  CHECK(debug["services"][0]["deadline_ms"].is_null());
  CHECK(zinit.shut_down() == 0);
}

}  // namespace
}  // namespace zinit::test::lifecycle_steps
