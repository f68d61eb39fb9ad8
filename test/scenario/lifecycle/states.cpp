// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The seven states, their reasons and the ways of a service between them (behaviour.md, "States").
#include "scenario/harness.hpp"

namespace lifecycle_states_test {

using namespace zinit::test;
using Texts = std::vector<std::string>;

TEST_CASE("a service passes blocked and starting on its way to running", "[states]") {
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
}

TEST_CASE("a service that is stopped on request is exited with the signal it died of", "[states]") {
  Server zinit;
  zinit.add("a");
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  Watch watch(zinit);
  const Json status = zinit.stop("a");
  CHECK(status["state"] == "exited");
  CHECK(status["wish"] == "down");
  CHECK(status["summary"] == "stopped");
  CHECK(status["pid"].is_null());
  CHECK(status["last_exit"]["signal"] == "SIGTERM");
  CHECK(status["reason"].is_null());
  CHECK_FALSE(alive(pid));
  watch.await("a stopping exited");
  CHECK(watch.changes() == Texts{"a running stopping", "a stopping exited"});
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

TEST_CASE("stopping what ended by itself with success makes it inactive", "[states]") {
  Server zinit;
  zinit.add("once", {.exec = "true", .service = "oneshot = true"});
  zinit.add("daemon", {.exec = "true"});
  zinit.boot();
  for (const char* name : {"once", "daemon"}) {
    INFO(name);
    CHECK(zinit.await_state(name, "exited")["wish"] == "up");
    const Json status = zinit.stop(name);
    CHECK(status["state"] == "inactive");
    CHECK(status["last_exit"]["code"] == 0);
  }
}

TEST_CASE("starting what runs, or stopping what is stopped, changes nothing and is no error",
          "[states]") {
  Server zinit;
  zinit.add("a");
  zinit.add("never", {.service = "status = 'stop'"});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  CHECK(zinit.start("a")["state"] == "running");
  CHECK(zinit.pid_of("a") == pid);
  zinit.stop("a");
  CHECK(zinit.stop("a")["state"] == "exited");
  CHECK(zinit.stop("never")["state"] == "inactive");
}

TEST_CASE("stopping what waits makes it inactive without a spawn", "[states]") {
  Server zinit;
  zinit.add("slow",
            {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done", .service = "oneshot = true"});
  zinit.add("a", {.exec = tracing("a"), .dependencies = "requires = ['slow']"});
  zinit.boot();
  zinit.await_state("a", "blocked");
  Watch watch(zinit);
  CHECK(zinit.stop("a")["state"] == "inactive");
  zinit.mark("go");
  zinit.await_state("slow", "exited");
  CHECK(zinit.state("a") == "inactive");
  CHECK_FALSE(zinit.traced("start a"));
  watch.await("a blocked inactive");
}

TEST_CASE("a oneshot is starting until it ends and exited after a success", "[states]") {
  Server zinit;
  zinit.add("a",
            {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done", .service = "oneshot = true"});
  zinit.boot();
  const Json starting = zinit.await_state("a", "starting");
  CHECK(starting["oneshot"] == true);
  CHECK(starting["pid"].number() > 0);
  Watch watch(zinit);
  zinit.mark("go");
  const Json done = zinit.await_state("a", "exited");
  CHECK(done["wish"] == "up");
  CHECK(done["last_exit"]["code"] == 0);
  CHECK(done["summary"] == "ok");
  watch.await("a starting exited");
}

TEST_CASE("an oneshot is not run again by a start of what requires it", "[states]") {
  Server zinit;
  zinit.add("once", {.exec = "echo run >> $T", .service = "oneshot = true"});
  zinit.add("a", {.service = "status = 'stop'", .dependencies = "requires = ['once']"});
  zinit.boot();
  zinit.await_state("once", "exited");
  CHECK(zinit.start("a")["state"] == "running");
  CHECK(zinit.count("run") == 1);
}

TEST_CASE("what is not ready in time is stopped, and failed or tried again as the policy says",
          "[states]") {
  Server zinit;
  const std::string timeout = "start_timeout_ms = 300\n";
  zinit.add("once", {.exec = tracing("once"), .service = "oneshot = true", .lifecycle = timeout});
  zinit.add("twice", {.exec = tracing("twice"),
                      .service = "oneshot = true",
                      .lifecycle = timeout + "restart = 'on-failure'\nrestart_delay_ms = 20\n"
                                             "max_restarts = 1"});
  zinit.boot();
  CHECK(zinit.await_failed("once", "start_timeout")["pid"].is_null());
  CHECK(zinit.traced("stop once"));
  CHECK(zinit.count("start once") == 1);
  zinit.await_failed("twice", "start_timeout");
  CHECK(zinit.count("start twice") == 2);
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

TEST_CASE("a target fails and recovers with what it requires", "[states][target]") {
  Server zinit;
  zinit.add("a", {.exec = "[ -e $D/mended ] && exec sleep 100000; exit 5",
                  .lifecycle = "restart = 'never'"});
  zinit.file("all.toml", "[target]\n[dependencies]\nrequires = ['a']\n");
  zinit.boot();
  CHECK(zinit.await_failed("all", "dependency_failed")["reason"]["service"] == "a");
  zinit.mark("mended");
  zinit.start("a");
  zinit.await_state("all", "running");
}

TEST_CASE("a service is not started at boot unless its status says so", "[states]") {
  Server zinit;
  zinit.add("start");
  zinit.add("stop", {.service = "status = 'stop'"});
  zinit.add("ignore", {.service = "status = 'ignore'"});
  zinit.boot({"start"});
  zinit.await_settled();
  CHECK(zinit.state("stop") == "inactive");
  CHECK(zinit.state("ignore") == "inactive");
  CHECK(zinit.start("stop")["state"] == "running");
  CHECK(zinit.start("ignore")["state"] == "running");
}

}  // namespace lifecycle_states_test
