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

/// A service that writes a line, and fails, at each start on request.
Toml failing_web(const std::string& on_failure) {
  return {.exec = "echo web >> $T; exit 1",
          .service = kOnRequest,
          .lifecycle = "restart = 'never'\non_failure = ['" + on_failure + "']"};
}

void add_template(Server& zinit, const std::string& name, const std::string& more = {}) {
  zinit.file(name + "@.toml", "[service]\nexec = 'echo " + name +
                                  " of %i >> $T'\noneshot = true\nstatus = 'stop'\n" + more);
}

TEST_CASE("a final failure starts what on_failure names, once", "[on_failure][reexec]") {
  Server zinit;
  add_template(zinit, "mail");
  zinit.add("fallback", {.exec = tracing("fallback"), .service = kOnRequest});
  zinit.add("web", failing("on_failure = ['mail@', 'fallback']"));
  zinit.boot({"web"});
  zinit.mark("go");
  zinit.await_trace("mail of web");
  zinit.await_trace("start fallback");
  zinit.stop("fallback");
  zinit.reexecute();
  crash(zinit);
  CHECK(zinit.state("web") == "failed");
  CHECK(zinit.state("fallback") == "exited");
  CHECK(zinit.count("mail of web") == 1);
  zinit.start("web");  // a new failure
  zinit.await_trace("mail of web", 2);
  zinit.await_trace("start fallback", 2);
}

TEST_CASE("on_failure follows the last try, and a start that a dependency fails", "[on_failure]") {
  Server zinit;
  zinit.add("fallback", {.exec = tracing("fallback"), .service = kOnRequest});
  zinit.add("tries", {.exec = "echo try >> $T; exit 1",
                      .service = kOnRequest,
                      .lifecycle = "max_restarts = 2\nrestart_delay_ms = 10\n"
                                   "on_failure = ['fallback']"});
  zinit.add("top", {.exec = tracing("top"),
                    .service = kOnRequest,
                    .dependencies = "requires = ['nothing']",
                    .lifecycle = "restart = 'never'\non_failure = ['fallback']"});
  zinit.boot();
  zinit.start("tries");
  zinit.await_trace("start fallback");
  CHECK(zinit.count("try") == 3);
  zinit.traced_in_order("try", "start fallback");
  zinit.stop("fallback");
  CHECK(zinit.start("top")["state"] == "failed");
  zinit.await_trace("start fallback", 2);
}

TEST_CASE("a stop, an end with success and a re-spawn are no failures", "[on_failure]") {
  Server zinit;
  zinit.add("fallback", {.exec = tracing("fallback"), .service = kOnRequest});
  const std::string names = "on_failure = ['fallback']";
  zinit.add("good", failing("on_failure = ['fallback']", "exit 0"));
  zinit.add("stopped", {.lifecycle = "restart = 'never'\n" + names});
  zinit.add("again", {.lifecycle = "max_restarts = 9\nrestart_delay_ms = 10\n" + names});
  zinit.boot({"good", "stopped", "again"});
  zinit.stop("stopped");
  zinit.mark("go");
  zinit.await_state("good", "exited");
  const pid_t pid = zinit.pid_of("again");
  zinit.kill("again");
  zinit.await_new_pid("again", pid);
  CHECK(zinit.state("fallback") == "inactive");
}

TEST_CASE("services whose on_failure leads to themselves are not started for ever",
          "[on_failure]") {
  Server zinit;
  const auto add = [&](const std::string& name, const std::string& other) {
    zinit.add(name, {.exec = "echo " + name + " >> $T; exit 1",
                     .service = kOnRequest,
                     .lifecycle = "restart = 'never'\non_failure = ['" + other + "']"});
  };
  add("a", "b");
  add("b", "a");
  zinit.add("alert", {.service = kOnRequest, .dependencies = "requires = ['own']"});
  add("own", "alert");
  zinit.boot();
  zinit.begin_start("a");
  zinit.await_message("b: on_failure does not start a, because a failure of a led to this failure");
  CHECK(zinit.count("a") == 1);
  CHECK(zinit.count("b") == 1);

  zinit.begin_start("own");
  zinit.await_message(
      "own: on_failure starts nothing, because this service's own failure led to its start");
  zinit.await_failed("alert", "dependency_failed");
  CHECK(zinit.count("own") == 2);
}

TEST_CASE("check refuses an on_failure of itself, and warns of an unknown one",
          "[on_failure][client]") {
  Server zinit;
  zinit.add("self", {.lifecycle = "restart = 'never'\non_failure = ['self']"});
  zinit.add("web", {.lifecycle = "restart = 'never'\non_failure = ['gone', 'mail@', 'page@']"});
  add_template(zinit, "page");
  zinit.boot({"web"});
  const Outcome check = zinit.ctl({"check", zinit.config()});
  const std::string text = check.out + check.err;
  CHECK(check.code == 1);
  CHECK_THAT(text, Contains("error: lifecycle.on_failure: a service cannot name itself"));
  CHECK_THAT(text, Contains("no service is named \"gone\""));
  CHECK_THAT(text, Contains("no template is named \"mail@\""));
  CHECK_THAT(text, !Contains("page@"));
  CHECK_THAT(zinit.ctl({"why", "web"}).out, Contains("names gone in its on_failure") &&
                                                Contains("names mail@web") && !Contains("page@"));
  CHECK(zinit.await_failed("self", "config_error")["state"] == "failed");
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

TEST_CASE("a start meanwhile of what has failed takes its on_failure_action back",
          "[on_failure_action]") {
  Server zinit;
  zinit.add("alert", {.exec = "echo begin >> $T; while ! [ -e $D/sent ]; do sleep 0.01; done",
                      .service = "oneshot = true\n" + kOnRequest});
  zinit.add("web", {.exec = "[ -e $D/mended ] && exec sleep 100000; exit 3",
                    .service = kOnRequest,
                    .lifecycle = "restart = 'never'\non_failure = ['alert']\n"
                                 "on_failure_action = 'exit'"});
  zinit.boot();
  zinit.begin_start("web");
  zinit.await_trace("begin");
  zinit.mark("mended");
  CHECK(zinit.start("web")["state"] == "running");
  zinit.mark("sent");
  zinit.await_state("alert", "exited");
  CHECK(zinit.state("web") == "running");
}

TEST_CASE("a fault of files takes no on_failure_action, which would not mend it",
          "[on_failure_action]") {
  Server zinit;
  const auto add = [&](const std::string& name, const std::string& required) {
    zinit.add(name, {.dependencies = "requires = ['" + required + "']",
                     .lifecycle = "restart = 'never'\non_failure_action = 'exit'"});
  };
  zinit.file("wrong.toml", "[service]\nexec = 'true'\noneshot = 7\n");
  add("lonely", "nothing");
  add("above", "wrong");
  zinit.boot();
  zinit.await_message("lonely: on_failure_action is skipped");
  zinit.await_message("above: on_failure_action is skipped");
  CHECK(zinit.state("lonely") == "failed");
}

TEST_CASE("[defaults] on_failure is not that of the services that it names",
          "[on_failure][reexec]") {
  Server zinit({.settings = true});
  write_file(zinit.path("zinit.toml"), "[defaults]\non_failure = ['alert', 'mail@']\n");
  zinit.add("alert", {.exec = "echo alert >> $T; exit 1",
                      .service = kOnRequest,
                      .lifecycle = "restart = 'never'"});
  add_template(zinit, "mail");
  zinit.add("web", failing(""));
  zinit.boot({"web"});
  CHECK(zinit.state("alert") == "inactive");
  SECTION("at once") {}
  SECTION("after a re-execution") { zinit.reexecute(); }
  zinit.mark("go");
  zinit.await_trace("mail of web");
  zinit.await_failed("alert", "exit_code");
  zinit.await_settled();
  CHECK(zinit.count("mail of alert") == 0);
}

TEST_CASE("a new service is not taken for an old one of its name that a failure had started",
          "[on_failure]") {
  Server zinit;
  zinit.add("fallback", {.exec = tracing("fallback"), .service = kOnRequest});
  zinit.add("web", failing_web("fallback"));
  zinit.boot();
  zinit.begin_start("web");
  zinit.await_trace("start fallback");
  zinit.await_state("fallback", "running");
  zinit.stop("fallback");
  zinit.remove("fallback");
  zinit.reload();
  zinit.add("fallback", {.exec = "exit 1",
                         .service = kOnRequest,
                         .lifecycle = "restart = 'never'\non_failure = ['web']"});
  zinit.reload();
  zinit.begin_start("fallback");
  zinit.await_trace("web", 2);
}

TEST_CASE("an on_failure_action of a machine's has no effect elsewhere", "[on_failure_action]") {
  Server zinit;
  zinit.add("web", failing("on_failure_action = 'reboot'"));
  zinit.boot({"web"});
  zinit.mark("go");
  zinit.await_failed("web", "exit_code");
  zinit.await_message("web: on_failure_action has no effect here");
  zinit.reexecute();  // it is not tried again
  CHECK(zinit.state("web") == "failed");
}

}  // namespace
}  // namespace zinit::test::lifecycle_failures
