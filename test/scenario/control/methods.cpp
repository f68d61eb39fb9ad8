// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The RPC methods: their parameters, the members of their results and their errors (control.md).
#include "scenario/harness.hpp"
namespace zinit::test::control_methods {
namespace {

/// An object with a line for each member: N is a number that differs from run to run, and ... what
/// depends on the machine or on the version of zinit.
std::string masked(const Server& zinit, const Json& object) {
  std::string text;
  for (const std::string& member : object.members())
    text += json_of(member) + ":" + object[member].dump() + "\n";
  const std::pair<const char*, const char*> masks[] = {
      {R"x(("\w*(_us|_ms|_usec|pid)":)\d+)x", "$1N"},
      {R"x(("\w*bytes":)[1-9]\d*)x", "$1N"},
      {R"x(("(hostname|kernel|version|settings)":)"[^"]+")x", "$1..."},
      {R"x(("controllers":)\[[^\]]*\])x", "$1..."}};
  for (const auto& [what, mask] : masks) text = std::regex_replace(text, std::regex(what), mask);
  const std::size_t length = zinit.folder().size();
  for (auto at = text.find(zinit.folder()); at != text.npos; at = text.find(zinit.folder()))
    text.replace(at, length, "$D");
  return text;
}

TEST_CASE("system.info, service.status_full and events have these members", "[methods]") {
  Server zinit;
  zinit.add("a", {.exec = "echo one; echo two >&2; exec sleep 100000",
                  .service = "description = 'a test'"});
  zinit.add("fails", {.exec = "exit 5", .service = "status = 'stop'\noneshot = true"});
  zinit.boot({"a"});
  Json info, status;
  REQUIRE(eventually([&] {
    info = zinit.result("system.info");
    return info["boot"]["settled_ms"].is_number();
  }));
  CHECK(info["boot"]["settled_ms"].number() >= info["boot"]["started_ms"].number());
  // The kernel reports no memory for a moment while a process executes the next program.
  REQUIRE(eventually([&] {
    status = zinit.status("a");
    return status["log_lines"] == 2 && status["memory_bytes"].number() > 0;
  }));
  CHECK(status["since_us"].number() >= status["last_start_us"].number());
  Connection client = zinit.connect();
  client.result("events.subscribe");
  zinit.start("fails");
  Json event;
  while (event["to"] != "failed") event = client.notification();
  CHECK_GOLDEN(masked(zinit, info) + "\n" + masked(zinit, status) + "\n" + masked(zinit, event),
               "methods");
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
  const Texts members = zinit.status("a").members();
  for (const Json& status : full.elements()) CHECK(status.members() == members);
  // The answer to a request also reports its effects on other services.
  Texts with_others = members;
  for (const char* other : {"also_started", "also_stopped", "also_restarted", "left_stopped",
                            "also_blocked", "also_failed"})
    with_others.emplace_back(other);
  std::sort(with_others.begin(), with_others.end());
  CHECK(full[7]["kind"] == "target");

  const Json status = zinit.result("service.status", named("off"));
  CHECK(status.members() == Texts{"error", "exit_code", "name", "pid", "state", "summary"});
  for (const char* absent : {"pid", "exit_code", "error"}) CHECK(status[absent].is_null());

  const Json waits = zinit.await(
      "waits", [](const Json& s) { return s["waiting_on"].size() == 1; }, "waiting for gate");
  CHECK(waits["waiting_on"].mentions("gate"));
  CHECK(waits["blocked_by"].mentions("gate"));
  CHECK(zinit.status("gate")["required_by"].texts() == Texts{"waits"});
  zinit.mark("go");
  CHECK(zinit.await_state("waits", "running")["blocked_by"].size() == 0);

  zinit.await_trace("start deaf");
  CHECK(zinit.result("service.stop", named("deaf")).members() == with_others);
  zinit.await_state("deaf", "stopping");
  zinit.kill("deaf");
  CHECK(zinit.stop("deaf")["state"] == "exited");
  CHECK(zinit.start("once")["state"] == "exited");
  CHECK(zinit.restart("once").members() == with_others);
  CHECK(zinit.result("service.start", R"(["once", true])")["state"] == "exited");

  pid_t pid = static_cast<pid_t>(zinit.await_state("dies", "running")["pid"].number());
  const std::pair<const char*, const char*> kills[] = {
      {R"(["dies"])", "SIGTERM"},
      {R"(["dies","SIGINT"])", "SIGINT"},
      {R"(["dies","int"])", "SIGINT"},
      {R"({"name":"dies","signal":"SigUsr1"})", "SIGUSR1"},
      {R"({"name":"dies","signal":9})", "SIGKILL"},
      {R"({"name":"dies","signal":"9"})", "SIGKILL"}};
  for (const auto& [params, signal] : kills) {
    INFO(params);
    CHECK(zinit.result("service.kill", params)["ok"] == true);
    pid = zinit.await_new_pid("dies", pid);
    CHECK(zinit.status("dies")["last_exit"]["signal"] == signal);
  }
}

TEST_CASE("the last buffer_lines lines are kept in order, longer ones than 16 KiB in pieces",
          "[check][methods][logs]") {
  Server zinit;
  zinit.add("a", {.exec = "i=0; while [ $i -lt 300 ]; do echo $i; i=$((i+1)); done",
                  .service = "oneshot = true",
                  .more = "[logging]\nbuffer_lines = 100\n"});
  zinit.add("long", {.exec = "echo first; head -c 40000 /dev/zero | tr '\\000' x; echo; printf end",
                     .service = "oneshot = true"});
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
      eventually([&] { return (pieces = zinit.result("logs.get", named("long"))).size() == 5; }));
  CHECK(pieces[1]["line"].text().size() == 16384);
  CHECK(pieces[3]["line"].text().size() == 40000 - 2 * 16384);
  // Texts cannot say that they continue.
  CHECK(zinit.result("logs.tail", named("long", R"("lines":2)")).texts() ==
        Texts{std::string(40000, 'x'), "end"});

  zinit.await_state("up", "running");
  CHECK(eventually([&] { return zinit.result("logs.tail", named("zinit")).mentions("up: "); }));
}

}  // namespace
}  // namespace zinit::test::control_methods
