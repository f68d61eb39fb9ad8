// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl: verbs, exit codes, --json, patterns, errors (control.md, "zinitctl").
#include "scenario/harness.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::client_ctl {
namespace {

/// A server with a graph for which each verb has some output.
struct Graph {
  Graph() {
    zinit.add("db", {.service = "description = 'the database'"});
    zinit.add("web-1", {.exec = "echo hello; echo world >&2; exec sleep 100000",
                        .dependencies = "requires = ['db']"});
    zinit.add("web-2", {.dependencies = "requires = ['db']"});
    zinit.add("off", {.service = "status = 'stop'"});
    zinit.add("once", {.exec = "true", .service = "oneshot = true"});
    // A oneshot: it is never running, so the result of its start is certain.
    zinit.add("broken", {.exec = "exit 7", .service = "oneshot = true"});
    zinit.add("waits", {.dependencies = "requires = ['broken']"});
    zinit.boot({"web-1", "web-2"});
    zinit.await_state("once", "exited");
    zinit.await_failed("waits", "dependency_failed");
  }
  Outcome ctl(Texts arguments) { return zinit.ctl(std::move(arguments)); }
  int code(Texts arguments) { return ctl(std::move(arguments)).code; }
  Server zinit;
};

/// Checks that standard output holds one JSON document and nothing else.
Json document(const Outcome& outcome) {
  const auto json = Json::parse(outcome.out);
  if (!json) FAIL("not one JSON document: " << outcome.out << outcome.err);
  return *json;
}

TEST_CASE("start, stop and restart wait, say how it ended, and take several names and patterns",
          "[ctl][check]") {
  Graph graph;
  CHECK(graph.code({"start", "off"}) == 0);
  CHECK(graph.zinit.state("off") == "running");
  CHECK(graph.code({"stop", "off"}) == 0);
  CHECK(graph.zinit.state("off") == "exited");
  const pid_t db = graph.zinit.pid_of("db");
  CHECK(graph.code({"restart", "db"}) == 0);
  CHECK(graph.zinit.pid_of("db") != db);
  CHECK(graph.code({"start", "once"}) == 0);
  const Outcome failed = graph.ctl({"start", "broken"});
  CHECK(failed.code == 1);
  CHECK_THAT(failed.out + failed.err, Contains("broken") && Contains("7"));
  CHECK(graph.code({"start", "waits"}) == 1);
  CHECK(graph.code({"stop", "web-*"}) == 0);
  CHECK(graph.zinit.state("web-1") == "exited");
  CHECK(graph.zinit.state("web-2") == "exited");
  CHECK(graph.zinit.state("db") == "running");
  CHECK(graph.code({"start", "web-1", "web-2"}) == 0);
  CHECK(graph.zinit.state("web-2") == "running");
  CHECK(graph.code({"stop", "nothing-*"}) == 4);
}

TEST_CASE("verbs of one name take several, each with its own result", "[check][ctl]") {
  Server zinit;
  zinit.add("bad", {.exec = "false", .lifecycle = "restart = 'never'"});
  zinit.add("up");
  zinit.add("spare", {.service = "status = 'stop'\ndescription = 'a spare'"});
  std::filesystem::create_symlink("/dev/null", zinit.config("gone.toml"));
  zinit.boot({"up"});
  zinit.await_state("bad", "failed");
  CHECK_THAT(zinit.ctl({"why", "bad", "spare"}).out,
             Contains("bad failed") && Contains("is inactive"));
  CHECK(Json::parse(zinit.ctl({"--json", "why", "*"}).out)->size() == 3);
  CHECK(Json::parse(zinit.ctl({"--json", "tree", "up", "bad"}).out)->size() == 2);
  CHECK(zinit.ctl({"--json", "is-running", "up", "spare"}).out == "[true,false]\n");
  CHECK(zinit.ctl({"is-running", "up", "spare"}).code == 3);
  // A name that does not exist does not affect the others.
  const Outcome failed = zinit.ctl({"is-failed", "none", "up", "bad"});
  CHECK(failed.code == 4);
  CHECK(failed.out == "running\nfailed\n");
  CHECK(zinit.ctl({"is-failed", "up", "bad"}).code == 0);
  CHECK(zinit.ctl({"is-failed", "up", "spare"}).code == 1);
  const Outcome enabled = zinit.ctl({"is-enabled", "up", "spare", "gone"});
  CHECK(enabled.code == 0);
  CHECK(enabled.out == "enabled\ndisabled\nmasked\n");
  CHECK(zinit.ctl({"is-enabled", "spare", "gone"}).code == 1);
  CHECK_THAT(zinit.ctl({"list"}).out, Contains(" gone   masked ") && Contains("disabled; a spare"));
  CHECK_THAT(zinit.ctl({"list", "--state", "disabled"}).out, Contains("spare") && !Contains("up"));
  CHECK(Json::parse(zinit.ctl({"--json", "list"}).out)->size() == 3);
  CHECK((*Json::parse(zinit.ctl({"--json", "list", "--state", "masked"}).out))[0]["name"] ==
        "gone");
  const pid_t before = zinit.pid_of("up");
  CHECK(zinit.ctl({"kill", "-s", "KILL", "u*", "bad"}).code != 0);  // bad has no process
  zinit.await_new_pid("up", before);
  CHECK(zinit.ctl({"disable", "up", "bad"}).code == 0);
  CHECK(zinit.ctl({"is-enabled", "*"}).out == "disabled\ndisabled\ndisabled\n");
  // One that was stopped because of it is disabled, too.
  CHECK(zinit.ctl({"disable", "--now", "up"}).code == 0);
  CHECK(zinit.ctl({"reload", "--yes"}).code == 0);
  CHECK_THAT(zinit.ctl({"list", "--state", "disabled"}).out, Contains(" up ") && Contains("spare"));
  CHECK(zinit.ctl({"unmask", "*"}).code == 0);
  CHECK(zinit.ctl({"remove-service", "up", "bad"}).code == 0);
  CHECK(zinit.result("service.list").size() == 1);
}

TEST_CASE("try-restart restarts what runs and leaves what is down", "[ctl]") {
  Server zinit;
  zinit.add("up");
  zinit.add("spare", {.service = "status = 'stop'"});
  zinit.boot({"up"});
  const pid_t before = zinit.pid_of("up");
  const Outcome done = zinit.ctl({"try-restart", "spare", "up"});
  CHECK(done.code == 0);
  CHECK_THAT(done.out, Contains("spare is inactive") && Contains("up is running"));
  CHECK(zinit.pid_of("up") != before);
  CHECK(zinit.state("spare") == "inactive");
  zinit.add("loops", {.exec = "false", .lifecycle = "restart_delay_ms = 60000"});
  zinit.ctl({"reload"});
  zinit.await_delayed("loops");  // it is not down
  const auto started = zinit.status("loops")["last_start_us"].dump();
  CHECK(zinit.ctl({"try-restart", "--no-wait", "loops"}).code == 0);
  CHECK(eventually([&] { return zinit.status("loops")["last_start_us"].dump() != started; }));
}

TEST_CASE("shutdown --at comes later, and --cancel takes it back", "[ctl]") {
  Server zinit;
  zinit.boot();
  CHECK_THAT(zinit.ctl({"shutdown", "--at", "+5"}).out, Contains("--cancel"));
  CHECK(zinit.result("system.info")["scheduled"]["action"] == "shutdown");
  CHECK_THAT(zinit.ctl({"status"}).out, Contains("; `zinitctl shutdown --cancel` cancels it"));
  CHECK_THAT(zinit.ctl({"shutdown", "--cancel"}).out, Contains("is cancelled"));
  CHECK_THAT(zinit.ctl({"shutdown", "--cancel"}).out, Contains("no shutdown is scheduled"));
  CHECK(zinit.ctl({"shutdown", "--at", "25:00"}).code == 2);
}

TEST_CASE("no-wait asks and returns, a timeout exits with 6", "[ctl]") {
  Server zinit;
  zinit.add("a", {.exec = stubborn("a"), .lifecycle = "stop_timeout_ms = 86400000"});
  zinit.boot();
  zinit.await_trace("start a");
  CHECK(zinit.ctl({"stop", "--no-wait", "a"}).code == 0);
  zinit.await_state("a", "stopping");
  const Outcome late = zinit.ctl({"--timeout", "0.1", "stop", "a"});
  CHECK(late.code == 6);
  CHECK_THAT(late.err, Catch::StartsWith("zinitctl: "));
  CHECK(zinit.ctl({"--timeout", "0.1", "wait", "a", "--for", "stopped"}).code == 6);
  CHECK(zinit.ctl({"kill", "a", "KILL"}).code == 0);
  CHECK(zinit.ctl({"wait", "a", "--for", "stopped"}).code == 0);
}

TEST_CASE("logs shows the lines kept, the last hundred or so many as asked", "[check][ctl]") {
  Server zinit;
  zinit.add("a", {.exec = "for i in 1 2 3; do echo out $i; echo err $i >&2; done",
                  .service = "oneshot = true"});
  zinit.add("b", {.exec = "i=0; while [ $i -lt 150 ]; do echo line $i; i=$((i+1)); done",
                  .service = "oneshot = true"});
  zinit.boot();
  zinit.await_state("a", "exited");
  zinit.await_state("b", "exited");
  REQUIRE(eventually([&] {
    return zinit.status("a")["log_lines"] == 6 && zinit.status("b")["log_lines"] == 150;
  }));
  CHECK(lines_of(zinit.ctl({"logs", "a"}).out).size() == 6);
  CHECK(lines_of(zinit.ctl({"logs", "b"}).out).size() == 100);
  CHECK(lines_of(zinit.ctl({"logs", "b", "-n", "all"}).out).size() == 150);
  CHECK(lines_of(zinit.ctl({"logs", "b", "-n", "3"}).out).size() == 3);
  CHECK(lines_of(zinit.ctl({"logs", "a", "-t"}).out).size() == 6);
  CHECK(document(zinit.ctl({"--json", "logs", "a"})).size() == 6);
  CHECK(zinit.ctl({"logs", "none"}).code == 4);
}

TEST_CASE("ping, debug-state and --version", "[check][ctl]") {
  Graph graph;
  const Outcome ping = graph.ctl({"ping"});
  CHECK(ping.code == 0);
  CHECK_THAT(ping.out, Contains(std::to_string(graph.zinit.pid())));
  CHECK_THAT(graph.ctl({"debug-state"}).out, Contains("web-1"));
  CHECK(document(graph.ctl({"--json", "ping"}))["pid"] == std::int64_t{graph.zinit.pid()});
  CHECK(document(graph.ctl({"--json", "debug-state"})).is_object());
  CHECK(graph.code({"--version"}) == 0);
}

TEST_CASE("the socket is named by option, else by ZINIT_SOCKET", "[ctl]") {
  Server zinit;
  zinit.boot();
  Launch what;
  what.argv = {"zinitctl", "ping"};
  what.env = {"ZINIT_SOCKET=" + zinit.socket()};
  CHECK(run(what).code == 0);
  what.argv = {"zinitctl", "--socket", "/nonexistent", "ping"};
  CHECK(run(what).code == 5);
}

TEST_CASE("at a terminal a start that waits shows for whom", "[ctl]") {
  Server zinit;
  zinit.add("slow", {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done",
                     .service = "oneshot = true\nstatus = 'stop'"});
  zinit.add("web", {.service = "status = 'stop'", .dependencies = "requires = ['slow']"});
  zinit.boot({});
  Terminal terminal;
  const pid_t client =
      terminal.launch_in({.argv = {"zinitctl", "--socket", zinit.socket(), "start", "web"}});
  terminal.await("web: waits for slow, which is starting, for ");
  zinit.mark("go");
  CHECK(wait_for_exit(client) == 0);
}

TEST_CASE("Ctrl-C ends the wait for a stop, unless zinitctl was started with SIGINT ignored",
          "[ctl]") {
  const bool ignored = GENERATE(false, true);  // like a background command of a shell
  Server zinit;
  zinit.add(
      "a",
      {.exec = "trap 'echo term >> $T; while ! [ -e $D/go ]; do sleep 0.01; done; exit 0' TERM; "
               "echo start >> $T; while :; do sleep 1 & wait; done"});
  zinit.boot();
  zinit.await_trace("start");
  Launch what;
  what.argv = {"zinitctl", "--socket", zinit.socket(), "stop", "a"};
  if (ignored) what.in_child = [] { std::signal(SIGINT, SIG_IGN); };
  const pid_t client = launch(what);
  zinit.await_trace("term");
  kill(client, SIGINT);
  if (!ignored) {
    CHECK(wait_for_exit(client) != 0);
    zinit.await_state("a", "stopping");
  }
  zinit.mark("go");
  zinit.await_state("a", "exited");
  if (ignored) CHECK(wait_for_exit(client) == 0);
}

TEST_CASE("a warning about a service without a file is marked as one once", "[ctl]") {
  Server zinit;
  zinit.boot();
  write_file(zinit.path("one"),
             "[service]\nname = 'one'\nexec = 'true'\nstatus = 'stop'\n"
             "[logging]\nfile_max_bytes = 10\n");
  const Outcome added = zinit.ctl({"add-service", zinit.path("one")});
  CHECK(
      added.out ==
      "one added, at runtime only\nwarning: logging.file_max_bytes: has no effect without file\n");
  CHECK_THAT(zinit.ctl({"status", "one"}).out, Contains("warning      logging.file_max_bytes"));
}

TEST_CASE("a start that takes longer than --timeout says what it waits for", "[ctl]") {
  Server zinit;
  const std::string stop = "status = 'stop'";
  zinit.add("slow", {.service = stop, .more = "[readiness]\nnotify = 'systemd'"});
  zinit.add("web", {.service = stop, .dependencies = "requires = ['slow']"});
  zinit.add("late", {.service = stop, .more = "[readiness]\nafter_ms = 20000"});
  zinit.add("prepared", {.service = stop + "\npre_exec = 'sleep 1000'"});
  zinit.boot();
  const auto row = GENERATE(table<std::string, std::string, std::string>({
      {"slow", "not ready after", ""},
      {"web", "slow, which is starting", "it waits for "},
      {"late", "not ready after", ""},
      {"prepared", "runs its pre_exec", ""},
  }));
  const std::string name = std::get<0>(row), why = std::get<1>(row), before = std::get<2>(row);
  CHECK(zinit.ctl({"start", "--no-wait", name}).code == 0);
  REQUIRE(eventually([&] { return zinit.ctl({"why", name}).out.find(why) != std::string::npos; }));
  const Outcome outcome = zinit.ctl({"start", "--timeout", "0.2", name});
  CHECK(outcome.code == 6);
  CHECK_THAT(outcome.err, Contains("; " + before + why));
}

}  // namespace
}  // namespace zinit::test::client_ctl
