// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals to zinit and its end (behaviour.md, "Signals to zinit", "Start and shutdown order").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_signals {
namespace {

/// Runs `body` with a standalone server and, if possible, with one as PID 1 of a container.
void in_both_modes(const std::function<void(Server::Options, bool container)>& body) {
  Server::Options options;
  body(options, false);
  if (!can_make_namespaces()) return skip("needs pid namespaces");
  options.container = true;
  body(options, true);
}

Toml on(const std::string& name, const std::string& dependencies) {
  return {.exec = tracing(name), .dependencies = dependencies};
}

const Toml kHangs{.exec = stubborn("hangs"), .lifecycle = "stop_timeout_ms = 86400000"};

TEST_CASE("SIGTERM, SIGINT, SIGQUIT, a container's SIGPWR and a request end zinit with 0",
          "[signals]") {
  for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGPWR, 0}) {
    in_both_modes([&](Server::Options options, bool container) {
      INFO("signal " << number << (container ? ", container" : ", standalone"));
      if (number == SIGPWR && !container) return;  // it is ignored
      Server zinit(options);
      zinit.add("a", {.exec = tracing("a")});
      zinit.boot();
      zinit.await_trace("start a");
      if (number == 0) {
        CHECK(zinit.result("system.shutdown")["ok"] == true);
        CHECK(zinit.exit_code() == 0);
      } else {
        CHECK(zinit.shut_down(number) == 0);
      }
      CHECK(zinit.traced("stop a"));
      CHECK(access(zinit.socket().c_str(), F_OK) != 0);
    });
  }
}

TEST_CASE("SIGPIPE is ignored, SIGUSR1 leaves services running, SIGHUP reads their files",
          "[signals]") {
  in_both_modes([](Server::Options options, bool container) {
    Server zinit(options);
    zinit.add("a");
    zinit.boot();
    const auto pid = zinit.await_state("a", "running")["pid"];
    for (const int number : {SIGPIPE, SIGUSR1, SIGPWR}) {
      if (number == SIGPWR && container) continue;  // it is a shutdown
      zinit.signal(number);
      // A connection that the previous image accepts until then ends with it.
      if (number == SIGUSR1) zinit.await_message(" continues, ");
      REQUIRE(eventually([&] { return Connection::possible(zinit.socket()); }));
      CHECK(zinit.connect().result("service.status", named("a"))["pid"] == pid);
    }
    zinit.reconnect();
    zinit.add("b");
    zinit.signal(SIGHUP);
    REQUIRE(eventually([&] { return zinit.result("service.list").size() == 2; }));
    zinit.await_state("b", "running");
    CHECK(zinit.status("a")["pid"] == pid);
  });
}

TEST_CASE("zinit takes its signals though its caller blocked and ignored them", "[signals]") {
  Server zinit({.in_child = [] {
    for (const int number : {SIGTERM, SIGINT, SIGCHLD}) signal(number, SIG_IGN);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, nullptr);
  }});
  zinit.add("a", {.lifecycle = "restart_delay_ms = 1"});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  kill(pid, SIGKILL);
  zinit.await_new_pid("a", pid);
  CHECK(zinit.shut_down(SIGTERM) == 0);
}

TEST_CASE("a shutdown stops in the reverse of the order by requires and after", "[signals]") {
  in_both_modes([](Server::Options options, bool) {
    Server zinit(options);
    zinit.add("db", on("db", ""));
    zinit.add("web", on("web", "requires = ['db']"));
    zinit.add("late", on("late", "after = ['web']"));
    zinit.add("free", on("free", ""));
    zinit.boot();
    for (const std::string name : {"db", "web", "late", "free"}) zinit.await_trace("start " + name);
    CHECK(zinit.shut_down() == 0);
    zinit.traced_in_order("stop late", "stop web");
    zinit.traced_in_order("stop web", "stop db");
    CHECK(zinit.traced("stop free"));
  });
}

TEST_CASE("who waits for what a shutdown stops is answered, and followers are told its last event",
          "[threads][signals]") {
  Server zinit;
  zinit.add("a", {.exec = "trap 'exit 0' TERM; echo up >> $T; while :; do sleep 1 & wait; done"});
  zinit.boot();
  zinit.await_trace("up");
  Connection waits = zinit.connect();
  Connection follows = zinit.connect();
  follows.result("events.subscribe");
  REQUIRE(waits.begin("service.stop", named("a", R"("wait":true)")));
  zinit.signal(SIGTERM);
  CHECK(waits.read()["result"]["state"] == "exited");
  Json event;
  while (event["to"] != "exited") event = follows.notification();
  CHECK(zinit.exit_code() == 0);
}

TEST_CASE("independent services stop at the same time in a shutdown", "[signals]") {
  Server zinit;
  // Each ends only when it has seen that all others are stopping.
  for (int i = 0; i < 6; ++i) {
    zinit.add("s" + std::to_string(i),
              {.exec = "trap 'echo term >> $T; while [ $(grep -c term $T) "
                       "-lt 6 ]; do sleep 0.01; done; exit 0' TERM; "
                       "echo start >> $T; while :; do sleep 1 & wait; done"});
  }
  zinit.boot();
  zinit.await_trace("start", 6);
  CHECK(zinit.shut_down() == 0);
}

TEST_CASE("nothing is started or spawned again once a shutdown has begun", "[threads][signals]") {
  Server zinit;
  zinit.add("crashes",
            {.exec = "echo run >> $T; trap 'exit 1' TERM; while :; do sleep 1 & wait; done",
             .lifecycle = "restart = 'always'\nrestart_delay_ms = 0\nrestart_delay_max_ms = 0"});
  zinit.add("delayed",
            {.exec = "echo delayed >> $T; exit 1", .lifecycle = "restart_delay_ms = 86400000"});
  zinit.add("hangs", kHangs);
  zinit.add("other", {.exec = "echo other >> $T", .service = "status = 'stop'"});
  zinit.boot();
  zinit.await_trace("run");
  zinit.await_trace("start hangs");
  zinit.await_trace("delayed");
  Connection client = zinit.connect();
  zinit.signal(SIGTERM);
  REQUIRE(eventually([&] {
    return client.result("service.status", named("crashes"))["state"] !=
           Json::parse("\"running\"").value();
  }));
  CHECK(client.error("service.start", named("other"))["code"] == -32006);
  zinit.kill("hangs");
  CHECK(zinit.exit_code() == 0);
  CHECK(zinit.count("run") == 1);
  CHECK(zinit.count("delayed") == 1);
  CHECK_FALSE(zinit.traced("other"));
}

TEST_CASE("once a shutdown has begun, a second signal cuts its time, and others mean nothing",
          "[signals]") {
  Server zinit;
  zinit.add("hangs", kHangs);
  zinit.boot({"hangs"});
  zinit.await_trace("start hangs");
  zinit.signal(SIGTERM);
  zinit.await_state("hangs", "stopping");
  zinit.add("new");
  for (const int number : {SIGUSR1, SIGUSR2, SIGHUP}) zinit.signal(number);
  CHECK(zinit.result("system.ping")["pid"] == zinit.pid());
  CHECK(zinit.result("service.list").size() == 1);
  zinit.signal(SIGTERM);
  CHECK(zinit.exit_code() == 0);
  CHECK_THAT(zinit.messages(),
             !Catch::Contains("re-execution") && !Catch::Contains("keeps running"));
}

TEST_CASE("a shutdown asked for during boot begins at once", "[threads][signals]") {
  Server zinit;
  zinit.add("first", {.exec = tracing("first"), .service = "oneshot = true"});
  zinit.add("second", {.exec = tracing("second"), .dependencies = "requires = ['first']"});
  zinit.boot();
  zinit.await_trace("start first");
  CHECK(zinit.shut_down() == 0);
  CHECK(zinit.traced("stop first"));
  CHECK_FALSE(zinit.traced("start second"));
}

TEST_CASE("a server that is killed leaves its socket, and the next one takes it over",
          "[check][signals]") {
  Server zinit;
  zinit.boot();
  CHECK(zinit.shut_down(SIGKILL) == 128 + SIGKILL);
  CHECK(access(zinit.socket().c_str(), F_OK) == 0);
  zinit.boot();
  CHECK(zinit.shut_down() == 0);
}

}  // namespace
}  // namespace zinit::test::lifecycle_signals
