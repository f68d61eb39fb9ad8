// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl across a re-execution of the server, which closes all connections: verbs that follow or
// wait connect again and continue.
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::reexec_reexec_client {
namespace {

/// A service that writes "1", "2", ... in quick bursts until a file `enough` exists, then "end".
Toml counting() {
  return {.exec =
              "i=0; while [ ! -e $D/enough ]; do for j in 1 2 3 4 5 6 7 8 9 10; do i=$((i+1)); "
              "echo $i; done; sleep 0.03; done; echo end; exec sleep 100000",
          .more = "[logging]\nbuffer_lines = 1000000\nbuffer_bytes = 100000000\n"};
}

/// The lines of one service, in the output of several.
Texts of_service(const Texts& lines, const std::string& name) {
  Texts found;
  for (const std::string& line : lines)
    if (line.starts_with(name + ": ")) found.push_back(line.substr(name.size() + 2));
  return found;
}

/// Requires numbers without gaps or doubles, from `first` on (0: any), and "end" after the last.
void check_numbers(const Texts& lines, int first) {
  REQUIRE(lines.size() > 100);
  CHECK(lines.back() == "end");
  int next = first > 0 ? first : std::stoi(lines.front());
  Texts wrong;
  for (std::size_t i = 0; i + 1 < lines.size(); ++i, ++next)
    if (lines[i] != std::to_string(next) && wrong.size() < 5)
      wrong.push_back(lines[i] + " for " + std::to_string(next));
  CHECK(wrong.empty());
}

/// Waits until that many clients have connected again: `member` is a member of debug.state's
/// clients, such as "waiting" or "subscriptions".
void await_clients(Server& zinit, const char* member, int count) {
  Json last;
  if (eventually([&] { return (last = zinit.result("debug.state")["control"])[member] == count; }))
    return;
  FAIL(member << " has not become " << count << ": " << last);
}

/// A service that is ready when a file `ready` exists. It traces each start.
std::string ready_late(const Server& zinit) {
  return says({"trace", "begun", "await", zinit.path("ready"), "send", "READY=1", "sleep"},
              "notify = 'systemd'", "start_timeout_ms = 100000");
}

TEST_CASE("logs -f goes on over re-executions, no line lost or shown twice", "[threads][reexec]") {
  Server zinit;
  zinit.add("a", counting());
  zinit.add("b", counting());
  zinit.boot({"a", "b"});
  const Background all(zinit, {"logs", "-f", "-n", "all", "a"});
  const Background both(zinit, {"logs", "-f", "-n", "0", "a", "b"});
  const Background any(zinit, {"logs", "-f", "-n", "5", "--all"});
  REQUIRE(all.shows("1"));
  for (const Background* each : {&both, &any})
    REQUIRE(eventually([&] { return of_service(each->lines(), "b").size() > 10; }));
  for (int i = 0; i < 3; ++i) {
    zinit.reexecute();
    await_clients(zinit, "log_subscriptions", 3);
  }
  for (const Background* each : {&both, &any})
    for (const char* name : {"a", "b"})
      REQUIRE(eventually([&] { return of_service(each->lines(), name).size() > 100; }));
  zinit.mark("enough");
  CHECK(all.shows("end"));
  check_numbers(all.lines(), 1);
  for (const Background* each : {&both, &any}) {
    CHECK(each->shows("a: end"));
    CHECK(each->shows("b: end"));
    check_numbers(of_service(each->lines(), "a"), 0);
    check_numbers(of_service(each->lines(), "b"), 0);
  }
  const auto own = of_service(any.lines(), "zinit");
  CHECK(std::count_if(own.begin(), own.end(), [](const std::string& line) {
          return line.find(" continues, ") != std::string::npos;
        }) == 3);
}

TEST_CASE("logs -f tells how many lines a re-execution has cost it", "[check][reexec]") {
  Server zinit;
  zinit.add("a", {.exec = "echo first; while [ ! -e $D/more ]; do sleep 0.02; done; for i in $(seq "
                          "50); do echo $i; done; exec sleep 100000",
                  .more = "[logging]\nbuffer_lines = 10\n"});
  zinit.boot({"a"});
  const Background followed(zinit, {"logs", "-f", "a"});
  REQUIRE(followed.shows("first"));
  followed.hold();
  zinit.reexecute();
  zinit.mark("more");
  REQUIRE(eventually([&] { return zinit.result("logs.tail", named("a")).mentions("50"); }));
  followed.go_on();
  REQUIRE(followed.shows("50"));
  const auto lines = followed.lines();
  REQUIRE(lines.size() == 12);
  CHECK(lines[1] == "40 lines were missing here, because they came too fast");
  CHECK(lines[2] == "41");
}

TEST_CASE("logs -f shows what a service writes that is added over a re-execution",
          "[check][reexec]") {
  Server zinit;
  zinit.boot();
  const Background followed(zinit, {"logs", "-f", "-n", "5", "--all"});
  zinit.result("service.add", R"({"config":{"service":{"name":"a","exec":"sleep 100000"}}})");
  REQUIRE(eventually([&] { return !of_service(followed.lines(), "zinit").empty(); }));
  followed.hold();
  zinit.reexecute();
  zinit.result("service.add",
               R"({"config":{"service":{"name":"new","exec":"sh -c 'echo hello; sleep 99999'"}}})");
  REQUIRE(eventually([&] { return zinit.result("logs.tail", named("new")).mentions("hello"); }));
  followed.go_on();
  CHECK(followed.shows("new: hello"));
}

TEST_CASE("events -f goes on over re-executions, each change shown once", "[check][reexec]") {
  Server zinit;
  zinit.add("a");
  zinit.add("b");
  zinit.boot({"a", "b"});
  const Background all(zinit, {"events", "-f", "--json"});
  const Background of_b(zinit, {"events", "-f", "--json", "b"});
  for (const Background* each : {&all, &of_b})
    REQUIRE(eventually([&] { return each->output().find("running") != std::string::npos; }));
  for (int i = 0; i < 3; ++i) {
    (void)zinit.restart("a");
    (void)zinit.restart("b");
    of_b.hold();  // gets the next events only after it has connected again
    zinit.reexecute();
    (void)zinit.restart("b");
    of_b.go_on();
    // A client that is away for the whole life of a process image does not get its events.
    REQUIRE(eventually([&] {
      return std::ranges::count_if(of_b.lines(), [](const std::string& line) {
               return line.find(R"("to":"running")") != std::string::npos;
             }) == 2 * i + 3;
    }));
  }
  (void)zinit.stop("b");
  const auto events = [](const Background& from) {
    std::vector<Json> found;
    for (const std::string& line : from.lines())
      if (const auto event = Json::parse(line)) found.push_back(*event);
    return found;
  };
  for (const Background* each : {&all, &of_b}) {
    CHECK(eventually([&] { return each->output().find(R"("to":"exited")") != std::string::npos; }));
    CHECK_THAT(each->output(), !Contains("dropped"));
  }
  std::int64_t seq = 0;
  for (const Json& event : events(all)) CHECK(event["seq"] == ++seq);
  int runs = 0;
  std::string state = "inactive";
  for (const Json& event : events(of_b)) {
    CHECK(event["service"] == "b");
    CHECK(event["from"] == state);
    state = event["to"].text();
    runs += state == "running" ? 1 : 0;
  }
  CHECK(runs == 7);
}

TEST_CASE("wait goes on over re-executions, for no longer than it was told", "[reexec]") {
  Server zinit;
  zinit.file("late.toml", ready_late(zinit));
  zinit.boot();
  zinit.await_state("late", "starting");
  const auto begin = std::chrono::steady_clock::now();
  Background wait(zinit, {"wait", "late"});
  Background limited(zinit, {"--timeout", "3", "wait", "late"});
  await_clients(zinit, "waiting", 2);
  for (int i = 0; i < 6; ++i) {
    zinit.reexecute();
    REQUIRE(eventually([&] {
      return zinit.result("debug.state")["control"]["waiting"] == 2 || !limited.errors().empty();
    }));
  }
  CHECK(limited.exit_code() == 6);
  CHECK(std::chrono::steady_clock::now() - begin >= 3s);
  CHECK_THAT(limited.errors(), Contains("zinitctl: wait late: late is not running after "));
  CHECK(wait.output().empty());
  zinit.mark("ready");
  CHECK(wait.exit_code() == 0);
  CHECK_THAT(wait.output(), Contains("late is running, pid "));
  CHECK(wait.errors().empty());
}

TEST_CASE("a re-execution ends who asked for a change, and an end all who wait or follow",
          "[reexec]") {
  Server zinit;
  zinit.file("late.toml", ready_late(zinit));
  zinit.add("a", {.exec = "echo hello; exec sleep 100000"});
  zinit.boot({"a"});
  zinit.await_state("late", "starting");
  Background logs(zinit, {"logs", "-f", "a"});
  Background events(zinit, {"events", "-f"});
  Background wait(zinit, {"wait", "late"});
  Background start(zinit, {"start", "late"});
  Background all(zinit, {"start-all"});
  REQUIRE(logs.shows("hello"));
  REQUIRE(eventually([&] { return !events.output().empty(); }));
  await_clients(zinit, "waiting", 3);
  zinit.reexecute();
  const std::string closed = ": the server closed the connection before it answered";
  CHECK(all.exit_code() == 5);  // it is not asked for twice
  CHECK(all.errors() == "zinitctl: start-all" + closed +
                            "; the server runs again; check whether this was done before you "
                            "repeat it\n");
  await_clients(zinit, "waiting", 2);
  await_clients(zinit, "subscriptions", 1);
  await_clients(zinit, "log_subscriptions", 1);
  const bool killed = GENERATE(true, false);
  CHECK(zinit.shut_down(killed ? SIGKILL : SIGTERM) == (killed ? 128 + SIGKILL : 0));
  CHECK(logs.exit_code(1s) == 5);
  CHECK(events.exit_code(1s) == 5);
  CHECK(wait.exit_code(1s) == 5);
  CHECK(start.exit_code(1s) == (killed ? 5 : 1));  // its service stops before the end
  CHECK(logs.errors() == "zinitctl: logs: the server has gone\n");
  CHECK(events.errors() == "zinitctl: events: the server has gone\n");
  if (!killed) return;  // a shutdown may answer before it ends
  CHECK(wait.errors() == "zinitctl: wait" + closed + "\n");
  CHECK(start.errors() == "zinitctl: start" + closed + "\n");
}

TEST_CASE("a call waits in the backlog while the server executes itself again",
          "[threads][reexec]") {
  Server zinit;
  zinit.add("a");
  zinit.boot({"a"});
  for (int i = 0; i < 5; ++i) {
    zinit.signal(SIGUSR1);
    for (int j = 0; j < 10; ++j) {
      const Outcome shown = zinit.ctl({"is-running", "a"});
      INFO(shown.err);
      REQUIRE(shown.code == 0);
    }
  }
  zinit.reconnect();
}

}  // namespace
}  // namespace zinit::test::reexec_reexec_client
