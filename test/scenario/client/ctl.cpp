// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl: verbs, exit codes, --json, patterns, errors, what it says of services that were not
// named (control.md, "zinitctl").
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/dialog.hpp"
#include "scenario/harness/terminal.hpp"

namespace zinit::test::client_ctl {

TEST_CASE("dialogs of verbs with names, patterns and files of packages", "[check][ctl][deps]") {
  CHECK_DIALOGS("verbs");
}

TEST_CASE("dialogs of what verbs do to services that were not named", "[ctl][why][reexec][logs]") {
  CHECK_DIALOGS("effects");
}

TEST_CASE("dialogs of waits, time limits, shutdowns and signals", "[ctl][reexec]") {
  CHECK_DIALOGS("waits");
}

TEST_CASE("a wait for several tells each in the order of their starts", "[ctl]") {
  Server zinit;
  zinit.add("db");
  zinit.add("right", {.service = "status = 'stop'"});
  zinit.boot({"db"});
  Background waiting(zinit, {"wait", "right", "db"});
  REQUIRE(eventually([&] { return waiting.lines().size() == 1; }));
  CHECK(zinit.ctl({"start", "right"}).code == 0);
  CHECK(waiting.exit_code() == 0);
  REQUIRE(waiting.lines().size() == 2);
  CHECK_THAT(waiting.lines()[0], Contains("db is running"));
  CHECK_THAT(waiting.lines()[1], Contains("right is running"));
}

TEST_CASE("isolate and shutdown wait until all is as it is to be", "[ctl]") {
  Server zinit;
  zinit.add("slow", {.exec = "trap 'sleep 0.5; exit' TERM; while :; do sleep 0.05; done"});
  zinit.file("rescue.toml", "[target]\n");
  zinit.add("other", {.exec = "trap 'sleep 0.5; exit' TERM; while :; do sleep 0.05; done",
                      .service = "class = 'system'"});
  zinit.boot({"slow", "other"});
  CHECK(zinit.ctl({"isolate", "rescue"}).code == 0);
  CHECK(zinit.state("slow") == "exited");
  CHECK(zinit.state("rescue") == "running");

  CHECK(zinit.ctl({"shutdown"}).code == 0);
  CHECK(zinit.ctl({"ping"}).code == 5);
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
  terminal.await("web: waits for slow, which is a oneshot under way, for ");
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

TEST_CASE("Ctrl-C during wait says nothing of a request, because none goes on", "[ctl]") {
  Server zinit;
  zinit.add("up");
  zinit.boot({"up"});
  for (const bool waits : {true, false}) {
    const std::string verb = waits ? "wait" : "start";
    zinit.file(verb + ".toml",
               "[service]\nexec = 'sleep 1000'\nstatus = 'stop'\n"
               "[readiness]\nnotify = 'systemd'\n");
    CHECK(zinit.ctl({"reload"}).code == 0);
    Terminal terminal;
    const pid_t client =
        terminal.launch_in({.argv = {"zinitctl", "--socket", zinit.socket(), verb, verb}});
    terminal.await(verb + ": ");
    terminal.type("\x03");
    CHECK(wait_for_exit(client) == 128 + SIGINT);
    terminal.await(waits ? "^C" : "continues with the request");
    if (waits) CHECK(terminal.shown().find("continues") == std::string::npos);
  }
}

}  // namespace zinit::test::client_ctl
