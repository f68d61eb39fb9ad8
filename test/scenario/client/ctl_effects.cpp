// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reports of verbs about services not named, and the words for services that are down.
#include "base/time.hpp"
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"

namespace zinit::test::client_ctl_effects {
namespace {

/// web-1 and web-2 require db; `all` requires them both; left and right conflict.
struct Shop {
  Shop() {
    zinit.add("db");
    zinit.add("web-1", {.dependencies = "requires = ['db']"});
    zinit.add("web-2", {.dependencies = "requires = ['db']"});
    zinit.add("left", {.dependencies = "conflicts = ['right']"});
    zinit.add("right", {.service = "status = 'stop'"});
    zinit.add("job", {.exec = "true", .service = "oneshot = true"});
    zinit.boot({"web-1", "web-2", "left"});
    zinit.await_state("job", "exited");
  }
  Outcome ctl(Texts arguments) { return zinit.ctl(std::move(arguments)); }
  Json json(Texts arguments) {
    arguments.insert(arguments.begin(), "--json");
    const Outcome outcome = ctl(std::move(arguments));
    const auto parsed = Json::parse(outcome.out);
    if (!parsed) FAIL("no JSON: " << outcome.out << outcome.err);
    return *parsed;
  }
  Server zinit;
};

/// Whether the column STATE of `list NAME` shows the word.
bool lists(Shop& shop, const std::string& name, const std::string& word) {
  const std::string text = shop.ctl({"list", name}).out;
  return text.find(" " + word + " ") != std::string::npos;
}

int count_in(const std::string& text, std::string_view part) {
  int count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_CASE("stop names what it takes down with it, and start what stays down, as JSON too",
          "[ctl][rpc]") {
  Shop shop;
  const Outcome stopped = shop.ctl({"stop", "db"});
  CHECK(stopped.code == 0);
  CHECK(stopped.out == "[.] db stopped\nalso stopped: web-1, web-2\n");
  const Outcome started = shop.ctl({"start", "db"});
  CHECK(started.code == 0);
  CHECK_THAT(started.out, Contains("left stopped: web-1, web-2; `zinitctl start web-1 web-2` "
                                   "starts\n    them\n") ||
                              Contains("left stopped: web-1, web-2; `zinitctl start web-1 web-2` "
                                       "starts them\n"));
  CHECK(shop.zinit.state("web-1") == "exited");
  const Outcome web = shop.ctl({"stop", "db", "web-1"});
  CHECK_THAT(web.out, !Contains("also"));  // web-2 was down already, and web-1 was named
  const Outcome again = shop.ctl({"start", "web-1"});
  CHECK_THAT(again.out, Contains("also started: db\n"));
  CHECK_THAT(again.out, Contains("left stopped: web-2;"));  // it requires what was also started

  shop.ctl({"start", "web-2"});
  const Json restarted = shop.json({"restart", "db"})[0];
  CHECK(restarted["also_restarted"].dump() == R"(["web-1","web-2"])");
  CHECK(restarted["also_stopped"].dump() == "[]");
  const Json stop = shop.json({"stop", "db"})[0];
  CHECK(stop["also_stopped"].dump() == R"(["web-1","web-2"])");
  const Json start = shop.json({"start", "--no-wait", "db"})[0];
  CHECK(start["left_stopped"].dump() == R"(["web-1","web-2"])");
  CHECK(start["also_started"].dump() == "[]");
}

TEST_CASE("stop does not name what had failed before, and start names what it could not start",
          "[ctl]") {
  Server zinit;
  zinit.add("db");
  zinit.add("bad",
            {.exec = "exit 3", .service = "oneshot = true", .dependencies = "requires = ['db']"});
  zinit.add("worse", {.exec = "exit 3", .service = "oneshot = true\nstatus = 'stop'"});
  zinit.file("all.toml",
             "[target]\nstatus = 'stop'\n[dependencies]\nwants = ['worse', 'good']\n"
             "after = ['worse']\n");
  zinit.add("good", {.service = "status = 'stop'"});
  zinit.boot({"db"});
  zinit.await_state("bad", "failed");
  CHECK(zinit.ctl({"stop", "db"}).out == "[.] db stopped\n");
  CHECK(zinit.state("bad") == "inactive");

  const Outcome started = zinit.ctl({"start", "all"});
  CHECK(started.code == 0);
  CHECK_THAT(started.out, Contains("also started: good\n") &&
                              Contains("also failed: worse; `zinitctl why worse` says why\n"));
}

TEST_CASE("start-all says of each what it came to", "[ctl]") {
  Server zinit;
  // It is never running, so that start-all cannot see it running.
  zinit.add("crash", {.exec = "exit 2",
                      .lifecycle = "restart_delay_ms = 60000\n"
                                   "restart_delay_max_ms = 60000",
                      .more = "[readiness]\nnotify = 'systemd'\n"});
  zinit.add("held", {.more = "[condition]\npath_exists = '/nowhere'\n"});
  zinit.boot();
  zinit.await_delayed("crash");
  const Json all = *Json::parse(zinit.ctl({"--json", "start-all"}).out);
  CHECK(all["skipped"][0]["name"] == "held");
  CHECK_THAT(all["failed"][0]["reason"].text(), Contains("exited with code 2; restarting in "));
}

TEST_CASE("a removal warns of files that name what is gone, and why of a file that was refused",
          "[ctl][why]") {
  Shop shop;
  const Outcome removed = shop.ctl({"remove-service", "--cascade", "--persist", "db"});
  CHECK_THAT(removed.out, Contains("warning: " + shop.zinit.config("web-1.toml") +
                                   " still requires db, which was removed"));
  shop.zinit.file("left.toml", "[service]\nexec = 7\n");
  CHECK(shop.ctl({"reload"}).code == 1);
  CHECK_THAT(shop.ctl({"why", "left"}).out,
             Contains("its file has changed and is refused: ") && Contains("left.toml:2:8"));
}

TEST_CASE("a removal and a replacement name what they stop and restart", "[ctl]") {
  Shop shop;
  const std::string file = shop.zinit.path("new.toml");
  const auto add = [&](const std::string& seconds, const std::string& more = "") {
    write_file(file, "[service]\nname = 'db'\nexec = 'sleep " + seconds + "'\n" + more);
    for (const char* name : {"web-1", "web-2"})
      if (shop.zinit.status(name)["wish"] == "up") shop.zinit.await_state(name, "running");
    return shop.ctl({"add-service", file});
  };
  CHECK(add("1001").out ==
        "db replaced and restarted, at runtime only\nalso restarted: web-1, web-2\n");
  shop.zinit.add("idle", {.service = "status = 'stop'"});
  shop.ctl({"reload"});
  CHECK_THAT(add("1002", "[dependencies]\nrequires = ['idle']\n").out,
             Contains("db replaced and restarted") && Contains("also started: idle\n"));
  CHECK_THAT(add("1003", "[dependencies]\nrequires = ['nobody']\n").err,
             Contains("no service is named \"nobody\", so the running db would be stopped"));
  shop.ctl({"stop", "db"});
  CHECK_THAT(add("1005", "[dependencies]\nrequires = ['right']\n").out,
             Contains("db replaced, at runtime only\nalso started: right\nalso stopped: left\n"));
  shop.ctl({"start", "web-1", "web-2"});
  const Outcome removed = shop.ctl({"remove-service", "--cascade", "db"});
  CHECK(removed.out == "db removed\nalso stopped: web-1, web-2\n");
  shop.ctl({"reload"});
  shop.ctl({"start", "web-2"});
  CHECK(shop.json({"remove-service", "--cascade", "db"})["also_stopped"].dump() == R"(["web-2"])");
}

TEST_CASE("the JSON of a reload has its faults and warnings", "[ctl][rpc]") {
  Shop shop;
  shop.zinit.file("db.toml", "[service]\nexec = 'sleep 1000'\nbogus = 1\n");
  shop.zinit.file("left.toml", "[service]\nexec = 7\n");
  for (const Texts& words : {Texts{"reload", "--dry-run"}, Texts{"reload"}}) {
    const Json report = shop.json(words);
    CHECK(report["failed"].dump() == R"(["left"])");
    CHECK_THAT(report["faults"]["left"][0].text(), Contains("left.toml:2:8: error: "));
    CHECK_THAT(report["warnings"][0].text(), Contains("bogus"));
  }
  CHECK(shop.json({"reload"})["warnings"].size() == 0);  // reported once
}

TEST_CASE("a wait for several ends as soon as it cannot succeed", "[ctl]") {
  Shop shop;
  shop.zinit.add("bad", {.exec = "exit 3", .service = "oneshot = true"});
  shop.ctl({"reload"});
  shop.zinit.await_state("bad", "failed");
  // right is down, and nothing starts it.
  const Outcome one = shop.ctl({"--json", "wait", "right", "db", "bad"});
  CHECK(one.code == 1);
  CHECK_THAT(one.err, !Contains("right"));
  CHECK(shop.ctl({"wait", "right", "nothing"}).code == 4);
  CHECK(shop.ctl({"--timeout", "0.3", "wait", "right", "db"}).code == 6);
  // In the order of their starts.
  Background waiting(shop.zinit, {"wait", "right", "db"});
  REQUIRE(eventually([&] { return count_in(waiting.output(), "db is running") == 1; }));
  shop.ctl({"start", "right"});
  CHECK(waiting.exit_code() == 0);
  const std::string both = waiting.output();
  CHECK(both.find("db is running") < both.find("right is running"));
}

TEST_CASE("a scheduled shutdown is shown", "[ctl]") {
  Shop shop;
  CHECK(shop.zinit.connect().result("system.info")["scheduled"].is_null());
  const std::string at = std::to_string(zinit::wall_us() + 3'600'000'000);
  shop.zinit.connect().result("system.shutdown", R"({"message":"new disks","at_us":)" + at + "}");
  const Json scheduled = shop.zinit.connect().result("system.info")["scheduled"];
  CHECK(scheduled.dump() == R"({"action":"shutdown","at_us":)" + at + R"(,"message":"new disks"})");
  CHECK(shop.json({"status"})["scheduled"].dump() == scheduled.dump());
  CHECK_THAT(shop.ctl({"status"}).out, Contains("\nshutdown at ") && Contains(": new disks; `"));
  REQUIRE(shop.ctl({"reexec"}).code == 0);
  CHECK_THAT(shop.ctl({"status"}).out, Contains("new disks"));
  shop.zinit.connect().result("system.cancel_shutdown");
  CHECK_THAT(shop.ctl({"status"}).out, !Contains("new disks"));
  CHECK(shop.json({"status"})["scheduled"].is_null());
  CHECK_THAT(shop.zinit.messages(),
             Contains(", requested by pid ") && Contains("is cancelled by pid "));
}

TEST_CASE("what went down with another says so, over a re-execution too, and how it comes back",
          "[ctl][why][reexec]") {
  Shop shop;
  shop.ctl({"stop", "db"});
  const Json status = shop.json({"status", "web-1"});
  CHECK(status["reason"]["type"] == "stopped_with");
  CHECK(status["reason"]["dependency"] == "db");
  CHECK(shop.json({"status", "db"})["reason"].is_null());
  CHECK_THAT(shop.ctl({"why", "web-1"}).out,
             Contains("db was stopped, and web-1 with it, because web-1 requires it") &&
                 Contains("zinitctl start web-1"));
  CHECK_THAT(shop.ctl({"list", "web-1"}).out, Contains("stopped with db, which it requires"));
  shop.ctl({"stop", "web-1"});  // now by its own name
  CHECK(shop.json({"status", "web-1"})["reason"].is_null());
  shop.ctl({"start", "web-2"});
  CHECK(shop.json({"status", "web-2"})["reason"].is_null());

  shop.ctl({"start", "web-1"});
  shop.ctl({"stop", "db"});
  REQUIRE(shop.ctl({"reexec"}).code == 0);
  CHECK(shop.json({"status", "web-1"})["reason"]["dependency"] == "db");
}

TEST_CASE("start names what it stops because two conflict, and list tells stopped from done",
          "[ctl]") {
  Shop shop;
  const Outcome started = shop.ctl({"start", "right"});
  CHECK(started.code == 0);
  CHECK_THAT(started.out, Contains("also stopped: left\n"));
  const Json reason = shop.json({"status", "left"})["reason"];
  CHECK(reason["type"] == "stopped_with");
  CHECK(reason["dependency"] == "right");
  CHECK(reason["conflict"] == true);
  CHECK_THAT(shop.ctl({"why", "left"}).out,
             Contains("right was started") && Contains("stops right"));

  shop.ctl({"stop", "left"});
  CHECK(lists(shop, "left", "stopped"));
  CHECK(lists(shop, "job", "done"));
  CHECK(shop.json({"list", "job"})[0]["state"] == "exited");
  shop.ctl({"start", "job"});  // not a re-spawn, whose end would be reported
  CHECK_THAT(shop.ctl({"events", "job"}).out,
             Contains("exited -> blocked\n") && !Contains("exit code 0"));
  CHECK_THAT(shop.ctl({"list", "--state", "stopped"}).out, Contains("left") && !Contains("job"));
  CHECK_THAT(shop.ctl({"list", "--state", "done"}).out, Contains("job") && !Contains("left"));
  CHECK_THAT(shop.ctl({"list", "--state", "exited"}).out, Contains("job") && Contains("left"));
}

TEST_CASE("an empty list says so, and help and a verb are that verb's help", "[ctl]") {
  Server zinit;
  zinit.boot();
  CHECK(zinit.ctl({"list"}).out == "no services; `zinitctl edit --new NAME` adds one\n");
  CHECK(zinit.ctl({"--json", "list"}).out == "[]\n");
  zinit.add("web");
  zinit.ctl({"reload"});
  CHECK(zinit.ctl({"list", "--class", "system"}).out == "no service matches\n");

  CHECK(zinit.ctl({"help", "xinet", "set"}).out == zinit.ctl({"xinet", "set", "--help"}).out);
  CHECK(zinit.ctl({"help"}).out == zinit.ctl({"--help"}).out);
  CHECK(zinit.ctl({"help", "nothing"}).code == 2);
}

TEST_CASE("status takes several names and patterns, and gives an overview without one", "[ctl]") {
  Shop shop;
  const Outcome both = shop.ctl({"status", "db", "web-*"});
  CHECK(both.code == 0);
  for (const char* name : {"db", "web-1", "web-2"})
    CHECK_THAT(both.out, Contains(std::string("[+] ") + name));
  CHECK(shop.json({"status", "db", "left"}).size() == 2);
  CHECK(shop.json({"status", "web-*"}).size() == 2);
  const Outcome some = shop.ctl({"status", "db", "nothing"});
  CHECK(some.code == 4);
  CHECK_THAT(some.out, Contains("[+] db"));
  CHECK_THAT(some.err, Contains("nothing"));
  CHECK(shop.ctl({"status", "db", "right"}).code == 3);
  const Outcome all = shop.ctl({"status"});
  CHECK(all.code == 0);
  CHECK_THAT(all.out, Contains("6 services: 1 done, 1 inactive, 4 running"));
  shop.zinit.add("bad", {.exec = "exit 3", .service = "oneshot = true"});
  shop.ctl({"reload"});
  shop.zinit.await_state("bad", "failed");
  CHECK_THAT(shop.ctl({"status"}).out,
             Contains("[X] bad: exit code 3") && Contains("zinitctl why bad"));
  const Json json = shop.json({"status"});
  CHECK(json["states"]["failed"] == 1);
  CHECK(json["attention"].dump() == R"(["bad"])");
}

TEST_CASE("kill takes the signal where kill(1) has it", "[ctl]") {
  Server zinit;
  zinit.add("db", {.exec = "trap 'echo got HUP' HUP; echo ready; while :; do sleep 0.05; done"});
  zinit.boot({"db"});
  int heard = 0;
  for (const Texts& words :
       {Texts{"kill", "-HUP", "db"}, Texts{"kill", "HUP", "db"}, Texts{"kill", "-1", "db"},
        Texts{"kill", "db", "SIGHUP"}, Texts{"kill", "-s", "hup", "db"}}) {
    INFO(words[1]);
    REQUIRE(eventually([&] { return count_in(zinit.ctl({"logs", "db"}).out, "ready") == 1; }));
    CHECK(zinit.ctl(words).code == 0);
    ++heard;
    REQUIRE(eventually([&] {
      return count_in(zinit.ctl({"logs", "db"}).out, "got HUP") == heard;
    }));
  }
  const Outcome wrong = zinit.ctl({"kill", "db", "nonsense"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("unknown signal \"nonsense\""));
  const pid_t pid = zinit.pid_of("db");
  CHECK(zinit.ctl({"kill", "-9", "db"}).code == 0);
  REQUIRE(eventually([&] { return zinit.pid_of("db") != pid && zinit.pid_of("db") > 0; }));
}

TEST_CASE("a wait for what failed and is not restarted ends at once", "[ctl]") {
  Shop shop;
  shop.zinit.add("bad", {.exec = "exit 3", .service = "oneshot = true"});
  shop.ctl({"reload"});
  shop.zinit.await_state("bad", "failed");
  const Outcome waited = shop.ctl({"wait", "bad"});
  CHECK(waited.code == 1);
  CHECK_THAT(waited.err, Contains("bad failed: exit code 3"));
  CHECK(shop.ctl({"wait", "bad", "--for", "failed"}).code == 0);
  CHECK(shop.ctl({"--timeout", "0.3", "wait", "right"}).code == 6);  // it may still be started
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

TEST_CASE("isolate says once what its target came to, and names nothing that had failed before",
          "[ctl]") {
  Server zinit;
  zinit.add("bad", {.exec = "exit 3", .service = "oneshot = true"});
  zinit.add("good");
  zinit.file("rescue.toml", "[target]\n");
  zinit.add("never", {.exec = "exit 3", .service = "oneshot = true\nstatus = 'stop'"});
  zinit.file("t.toml", "[target]\nstatus = 'stop'\n[dependencies]\nrequires = ['never']\n");
  zinit.boot({"good"});
  zinit.await_state("bad", "failed");
  const Json isolated = zinit.result("system.isolate", R"(["rescue"])");
  CHECK(isolated["stopped"].dump() == R"(["good"])");
  zinit.await_state("bad", "inactive");

  const Outcome outcome = zinit.ctl({"isolate", "t"});
  CHECK(outcome.code == 1);
  CHECK(count_in(outcome.err, "requires never, which failed; see `zinitctl why t`") == 1);
}

TEST_CASE("a bad end that nobody asked for is in the service's log and in events, with its cause",
          "[logs][ctl]") {
  Server zinit;
  zinit.add("crash", {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done; echo last words; exit 3",
                      .lifecycle = "restart_delay_ms = 60000\nrestart_delay_max_ms = 60000"});
  zinit.add("fine", {.exec = "echo done", .service = "oneshot = true"});
  zinit.add("few", {.exec = "exit 3", .lifecycle = "restart_delay_ms = 0\nmax_restarts = 3"});
  zinit.add("many", {.exec = "exit 3", .lifecycle = "restart_delay_ms = 0\nmax_restarts = 30"});
  zinit.add("late", {.lifecycle = "start_timeout_ms = 200\nrestart_delay_ms = 60000\n"
                                  "restart_delay_max_ms = 60000",
                     .more = "[readiness]\nnotify = 'systemd'"});
  zinit.boot({"crash"});
  zinit.mark("go");
  zinit.await_delayed("crash");
  zinit.await_state("fine", "exited");
  REQUIRE(eventually([&] {
    return zinit.ctl({"logs", "crash"}).out == "last words\nexited with code 3\n";
  }));
  CHECK(zinit.ctl({"logs", "crash", "--stream", "zinit"}).out == "exited with code 3\n");
  CHECK(eventually([&] { return zinit.ctl({"logs", "fine"}).out == "done\n"; }));
  CHECK_THAT(zinit.ctl({"events", "crash"}).out, Contains("running -> blocked: exit code 3"));
  CHECK_THAT(zinit.ctl({"list", "crash"}).out, Contains("last exit code 3; restarting in "));

  const auto lines = [&](const std::string& name) {
    zinit.await_failed(name, "exit_code");
    return count_in(zinit.ctl({"logs", name}).out, "exited with code 3\n");
  };
  CHECK(eventually([&] { return lines("few") == 4; }));
  CHECK(eventually([&] { return lines("many") == 8; }));

  zinit.await_delayed("late");
  CHECK_THAT(zinit.ctl({"list", "late"}).out, Contains("not ready within its start timeout"));
  CHECK_THAT(zinit.ctl({"events", "late"}).out, Contains("not ready within its start timeout"));
}

TEST_CASE("events takes a number of lines", "[ctl]") {
  Shop shop;
  CHECK(lines_of(shop.ctl({"events", "-n", "3"}).out).size() == 3);
  CHECK(lines_of(shop.ctl({"events", "-n", "0"}).out).empty());
  CHECK(lines_of(shop.ctl({"events", "-n", "all"}).out).size() > 6);
  CHECK(shop.ctl({"events", "-n", "few"}).code == 2);
}

TEST_CASE("the verbs of other inits are answered with the ones of this", "[check][ctl]") {
  Server zinit;
  zinit.boot({});
  for (const auto& [theirs, ours] :
       {std::pair("is-active", "is-running"),
        std::pair("daemon-reload", "`zinitctl reload --dry-run`"), std::pair("journalctl", "logs"),
        std::pair("list-timers", "`zinitctl timers`"), std::pair("show", "status"),
        std::pair("ps", "list")}) {
    INFO(theirs);
    const Outcome outcome = zinit.ctl({theirs});
    CHECK(outcome.code == 2);
    CHECK_THAT(outcome.err, Contains(ours));
  }
}

TEST_CASE("a package adds itself to a target, and is shown with its file", "[check][deps]") {
  Server zinit;
  zinit.file("all.toml", "[target]\n");
  zinit.add("web");
  zinit.add("mine", {.dependencies = "wanted_by = ['all']\nbefore = ['web']\n"
                                     "required_by = ['nobody']"});
  zinit.boot({"web", "mine"});
  const std::string file = zinit.config("mine.toml");
  CHECK_THAT(zinit.ctl({"tree", "all"}).out, Contains("mine (wants) (by " + file + ")"));
  const Json status = zinit.status("all");
  CHECK(status["wants"].dump() == R"(["mine"])");
  CHECK(status["added"][0]["file"] == file);
  CHECK(status["added"][0]["kind"] == "wants");
  CHECK_THAT(zinit.ctl({"status", "web"}).out, Contains("after mine, by " + file));
  CHECK_THAT(zinit.ctl({"why", "mine"}).out, Contains("nobody"));  // a warning
  zinit.add("mine", {.dependencies = "before = ['web']\nafter = ['web']"});
  const Outcome reload = zinit.ctl({"reload"});
  CHECK(reload.code == 1);
  CHECK_THAT(reload.out, Contains("a cycle: mine -> web -> mine"));
  CHECK(zinit.state("web") == "running");
  zinit.remove("mine");
  CHECK(zinit.ctl({"reload"}).code == 0);
  CHECK(zinit.status("all")["wants"].size() == 0);
}

}  // namespace
}  // namespace zinit::test::client_ctl_effects
