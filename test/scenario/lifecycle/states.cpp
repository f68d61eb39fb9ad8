// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The seven states, their reasons and the ways of a service between them (behaviour.md, "States").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_states {

TEST_CASE("a service passes blocked and starting to running, and stopping to exited", "[states]") {
  Server zinit;
  zinit.add("a", {.service = "status = 'stop'"});
  zinit.boot();
  CHECK(zinit.state("a") == "inactive");
  Watch watch(zinit);
  const Json status = zinit.start("a");
  CHECK(status["state"] == "running");
  CHECK(status["wish"] == "up");
  CHECK(alive(static_cast<pid_t>(status["pid"].number())));
  CHECK(status["pid"] == status["main_pid"]);
  watch.await("a starting running");
  CHECK(watch.changes() == Texts{"a inactive blocked", "a blocked starting", "a starting running"});

  const pid_t pid = zinit.await_program("a");
  Watch then(zinit);
  const Json stopped = zinit.stop("a");
  CHECK(stopped["state"] == "exited");
  CHECK(stopped["wish"] == "down");
  CHECK(stopped["summary"] == "stopped");
  CHECK(stopped["pid"].is_null());
  CHECK(stopped["last_exit"]["signal"] == "SIGTERM");
  CHECK(stopped["reason"].is_null());
  CHECK_FALSE(alive(pid));
  then.await("a stopping exited");
  CHECK(then.changes() == Texts{"a running stopping", "a stopping exited"});
}

TEST_CASE("each state has its symbol and its word for people", "[states]") {
  Server zinit;
  zinit.add("inactive", {.service = "status = 'stop'"});
  zinit.add("blocked", {.dependencies = "requires = ['starting']"});
  zinit.add("delayed", {.exec = "exit 1", .lifecycle = "restart_delay_ms = 86400000"});
  zinit.add("starting", {.service = "oneshot = true"});
  zinit.add("again", {.exec = "if mkdir $D/once; then exit 1; fi; exec sleep 100000",
                      .lifecycle = "restart_delay_ms = 10",
                      .more = "[readiness]\nnotify = 'systemd'"});
  zinit.add("running");
  zinit.add("stopping", {.exec = stubborn("stopping"), .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.add("done", {.exec = "true", .service = "oneshot = true"});
  zinit.add("stopped");
  zinit.add("failed", {.exec = "exit 3", .lifecycle = "restart = 'never'"});
  zinit.boot();
  zinit.await_trace("start stopping");
  zinit.begin_stop("stopping");
  zinit.await_state("stopped", "running");
  zinit.stop("stopped");

  const auto expect = [&](const std::string& name, const std::string& state,
                          const std::string& symbol, const std::string& summary) {
    INFO(name);
    const Json status = zinit.await_state(name, state);
    CHECK(status["symbol"] == symbol);
    CHECK(status["summary"] == summary);
    const Json brief = zinit.result("service.status", named(name));
    CHECK(brief["state"] == state);
    CHECK(brief["summary"] == summary);
    CHECK_THAT(zinit.ctl({"list", name}).out, Catch::Contains(symbol));
  };
  expect("inactive", "inactive", "[-]", "stopped");
  expect("blocked", "blocked", "[?]", "waiting");
  zinit.await_delayed("delayed");
  expect("delayed", "blocked", "[?]", "re-spawn");
  expect("starting", "starting", "[>]", "waiting");
  REQUIRE(eventually([&] { return zinit.status("again")["restart_count"] == 1; }));
  expect("again", "starting", "[>]", "re-spawn");
  expect("running", "running", "[+]", "running");
  expect("stopping", "stopping", "[!]", "stopping");
  expect("done", "exited", "[.]", "ok");
  expect("stopped", "exited", "[.]", "stopped");
  expect("failed", "failed", "[X]", "error");
  zinit.kill("stopping");
}

TEST_CASE("how a process ended badly is the reason of failed, until a stop clears it", "[states]") {
  Server zinit;
  zinit.add("code", {.exec = "exit 7", .lifecycle = "restart = 'never'"});
  zinit.add("signal", {.exec = "kill -SEGV $$", .lifecycle = "restart = 'never'"});
  zinit.boot();
  const Json code = zinit.await_failed("code", "exit_code");
  CHECK(code["reason"]["code"] == 7);
  CHECK(code["last_exit"]["code"] == 7);
  CHECK(code["pid"].is_null());
  CHECK(zinit.result("service.status", named("code"))["exit_code"] == 7);
  const Json signal = zinit.await_failed("signal", "signal");
  CHECK(signal["reason"]["signal"] == "SIGSEGV");
  CHECK(signal["last_exit"]["signal"] == "SIGSEGV");
  CHECK(signal["last_exit"]["core"].is_bool());
  const Json stopped = zinit.stop("code");
  CHECK(stopped["state"] == "inactive");
  CHECK(stopped["reason"].is_null());
  CHECK(stopped["last_exit"]["code"] == 7);
}

TEST_CASE("a target runs when what it requires does and rests as inactive", "[states][target]") {
  Server zinit;
  zinit.add("once",
            {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done", .service = "oneshot = true"});
  zinit.add("daemon");
  zinit.file("all.toml", "[target]\n[dependencies]\nrequires = ['once', 'daemon']\n");
  zinit.boot();
  const Json waiting = zinit.await_state("all", "blocked");
  CHECK(waiting["kind"] == "target");
  CHECK(waiting["waiting_on"].mentions("once"));
  zinit.mark("go");
  const Json running = zinit.await_state("all", "running");
  CHECK(running["pid"].is_null());
  CHECK(running["symbol"] == "[+]");
  Watch watch(zinit);
  const Json stopped = zinit.stop("all");
  CHECK(stopped["state"] == "inactive");
  CHECK(zinit.state("daemon") == "running");
  watch.await("all stopping inactive");
}

}  // namespace zinit::test::lifecycle_states
