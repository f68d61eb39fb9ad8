// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The RPC methods: their parameters, the members of their results and their errors (control.md).
#include "scenario/harness.hpp"
namespace zinit::test::control_methods {
namespace {

Texts sorted(Texts texts) {
  std::sort(texts.begin(), texts.end());
  return texts;
}

const Texts kStatusFull =
    sorted({"name",          "description",   "kind",           "state",         "summary",
            "symbol",        "reason",        "wish",           "pid",           "main_pid",
            "class",         "status",        "oneshot",        "uptime_ms",     "since_us",
            "restart_count", "restart_in_ms", "last_start_us",  "last_ready_us", "last_stop_us",
            "last_exit",     "memory_bytes",  "cpu_usec",       "tasks",         "requires",
            "after",         "wants",         "conflicts",      "required_by",   "added",
            "blocked_by",    "waiting_on",    "conflicts_with", "proxies",       "sockets",
            "starts_on",     "health",        "status_text",    "file",          "changed_on_disk",
            "refused",       "warnings",      "log_lines",      "log_dropped",   "log_dropped_by",
            "instance_of",   "conditions",    "next_start_us",  "left",          "binds_to",
            "bound_by"});

/// The answer to a request also reports its effects on other services.
Texts with_others() {
  Texts members = kStatusFull;
  members.insert(members.end(),
                 {"also_started", "also_stopped", "also_restarted", "left_stopped", "also_failed"});
  return sorted(std::move(members));
}

TEST_CASE("system.info tells mode, uptime and how many services there are", "[methods]") {
  Server zinit;
  zinit.add("a");
  zinit.add("b");
  zinit.boot();
  zinit.await_state("a", "running");
  zinit.await_state("b", "running");
  Json info;
  REQUIRE(eventually([&] {
    info = zinit.result("system.info");
    return info["boot"]["settled_ms"].is_number();
  }));
  CHECK(info.members() ==
        sorted({"version", "pid", "mode", "uptime_ms", "services", "hostname", "kernel", "boot",
                "crashes", "config", "scheduled", "controllers"}));
  CHECK(info["crashes"].dump() == R"({"count":0,"last":null})");
  CHECK(info["config"].members() ==
        sorted({"directories", "settings", "settings_faults", "templates", "masked"}));
  REQUIRE(info["config"]["directories"].size() == 1);
  CHECK(info["config"]["directories"][0]["path"] == zinit.config());
  CHECK(info["config"]["directories"][0]["vendor"] == "");
  CHECK(info["config"]["directories"][0]["class"] == "user");
  CHECK(info["mode"] == "standalone");
  CHECK(info["services"] == 2);
  CHECK(info["uptime_ms"].number() >= 0);
  CHECK_FALSE(info["kernel"].text().empty());
  CHECK(info["boot"].members() == sorted({"kernel_ms", "started_ms", "settled_ms"}));
  CHECK(info["boot"]["settled_ms"].number() >= info["boot"]["started_ms"].number());
}

TEST_CASE("the methods of one service answer its status, and those of all their list",
          "[methods][check]") {
  Server zinit;
  zinit.add("b");
  zinit.add("a");
  zinit.file("t.toml", "[target]\n");
  zinit.add("off", {.service = "status = 'stop'"});
  zinit.add("gate",
            {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done", .service = "oneshot = true"});
  zinit.add("waits", {.dependencies = "requires = ['gate']"});
  zinit.add("deaf", {.exec = stubborn("deaf"), .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.add("once", {.exec = "sleep 0.1", .service = "oneshot = true\nstatus = 'stop'"});
  zinit.add("dies", {.lifecycle = "restart_delay_ms = 1\nrestart = 'always'"});
  zinit.boot();
  CHECK(zinit.result("service.list").texts() ==
        Texts{"a", "b", "deaf", "dies", "gate", "off", "once", "t", "waits"});
  const Json full = zinit.result("service.list_full");
  REQUIRE(full.size() == 9);
  for (const Json& status : full.elements()) CHECK(status.members() == kStatusFull);
  CHECK(full[7]["kind"] == "target");

  const Json status = zinit.result("service.status", named("off"));
  CHECK(status.members() == sorted({"name", "state", "summary", "pid", "exit_code", "error"}));
  for (const char* absent : {"pid", "exit_code", "error"}) CHECK(status[absent].is_null());

  const Json waits = zinit.await(
      "waits", [](const Json& s) { return s["waiting_on"].size() == 1; }, "waiting for gate");
  CHECK(waits["waiting_on"].mentions("gate"));
  CHECK(waits["blocked_by"].mentions("gate"));
  CHECK(zinit.status("gate")["required_by"].texts() == Texts{"waits"});
  zinit.mark("go");
  CHECK(zinit.await_state("waits", "running")["blocked_by"].size() == 0);

  zinit.await_trace("start deaf");
  CHECK(zinit.result("service.stop", named("deaf")).members() == with_others());
  zinit.await_state("deaf", "stopping");
  zinit.kill("deaf");
  CHECK(zinit.stop("deaf")["state"] == "exited");
  CHECK(zinit.start("once")["state"] == "exited");
  CHECK(zinit.restart("once").members() == with_others());
  CHECK(zinit.result("service.start", R"(["once", true])")["state"] == "exited");

  pid_t pid = static_cast<pid_t>(zinit.await_state("dies", "running")["pid"].number());
  const auto dies_of = [&](const std::string& params, const std::string& signal) {
    INFO(params);
    CHECK(zinit.result("service.kill", params)["ok"] == true);
    pid = zinit.await_new_pid("dies", pid);
    CHECK(zinit.status("dies")["last_exit"]["signal"] == signal);
  };
  dies_of(R"(["dies"])", "SIGTERM");
  dies_of(R"(["dies","SIGINT"])", "SIGINT");
  dies_of(R"(["dies","int"])", "SIGINT");
  dies_of(R"({"name":"dies","signal":"SigUsr1"})", "SIGUSR1");
  dies_of(R"({"name":"dies","signal":9})", "SIGKILL");
  dies_of(R"({"name":"dies","signal":"9"})", "SIGKILL");
}

TEST_CASE("service.status_full of a service that runs", "[methods]") {
  Server zinit;
  zinit.add("a", {.exec = "echo one; echo two >&2; exec sleep 100000",
                  .service = "description = 'a test'"});
  zinit.boot();
  zinit.await_state("a", "running");
  Json s;
  REQUIRE(eventually([&] { return (s = zinit.status("a"))["log_lines"] == 2; }));
  CHECK(s.members() == kStatusFull);
  CHECK(s["name"] == "a");
  CHECK(s["description"] == "a test");
  CHECK(s["kind"] == "service");
  CHECK(s["wish"] == "up");
  CHECK(s["class"] == "user");
  CHECK(s["status"] == "start");
  CHECK(s["oneshot"] == false);
  CHECK(s["uptime_ms"].number() >= 0);
  CHECK(s["since_us"].number() >= s["last_start_us"].number());
  CHECK(s["restart_count"] == 0);
  // The kernel reports 0 for a moment while a process executes the next program.
  CHECK(eventually([&] { return zinit.status("a")["memory_bytes"].number() > 0; }));
  CHECK(s["cpu_usec"].number() >= 0);
  CHECK(s["tasks"] == 1);
  CHECK(s["file"] == zinit.config("a.toml"));
  for (const char* empty : {"requires", "after", "wants", "conflicts", "required_by", "added",
                            "blocked_by", "waiting_on", "conflicts_with", "proxies", "sockets",
                            "starts_on", "warnings", "binds_to", "bound_by"}) {
    INFO(empty);
    CHECK(s[empty].is_array());
    CHECK(s[empty].size() == 0);
  }
  for (const char* absent : {"reason", "restart_in_ms", "last_stop_us", "last_exit", "health"}) {
    INFO(absent);
    CHECK(s[absent].is_null());
  }
  CHECK(s["log_dropped"] == 0);
}

TEST_CASE("the last buffer_lines lines are kept in order, longer ones than 16 KiB in pieces",
          "[check][methods][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); done",
                  .service = "oneshot = true",
                  .more = "[logging]\nbuffer_lines = 100\n"});
  zinit.add("long",
            {.exec = "head -c 40000 /dev/zero | tr '\\000' x", .service = "oneshot = true"});
  zinit.add("up");
  zinit.boot();
  zinit.await_state("a", "exited");
  REQUIRE(eventually([&] {
    const Texts all = zinit.result("logs.tail", named("a", R"("lines":1000)")).texts();
    return !all.empty() && all.back() == "299";
  }));
  const Texts kept = zinit.result("logs.tail", named("a", R"("lines":1000)")).texts();
  REQUIRE(kept.size() == 100);
  for (std::size_t i = 0; i < kept.size(); ++i) CHECK(kept[i] == std::to_string(200 + i));

  Json pieces;
  REQUIRE(
      eventually([&] { return (pieces = zinit.result("logs.get", named("long"))).size() == 3; }));
  CHECK(pieces[0]["line"].text().size() == 16384);
  CHECK(pieces[2]["line"].text().size() == 40000 - 2 * 16384);

  zinit.await_state("up", "running");
  CHECK(eventually([&] { return zinit.result("logs.tail", named("zinit")).mentions("up: "); }));
}

TEST_CASE("an event of a failure carries its reason", "[methods]") {
  Server zinit;
  zinit.add("a",
            {.exec = "exit 5", .service = "status = 'stop'", .lifecycle = "restart = 'never'"});
  zinit.boot();
  Connection client = zinit.connect();
  client.result("events.subscribe");
  zinit.start("a");
  Json event;
  do event = client.notification();
  while (!(event["to"] == "failed"));
  CHECK(event["reason"]["type"] == "exit_code");
  CHECK(event["reason"]["code"] == 5);
}

}  // namespace
}  // namespace zinit::test::control_methods
