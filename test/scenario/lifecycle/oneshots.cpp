// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Oneshots that hold something when they are done, and kill_mode (behaviour.md, "Oneshots that hold
// something"; zinit.toml(5), oneshot, stop_exec and kill_mode).
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/left_processes.hpp"

namespace zinit::test::lifecycle_oneshots {
namespace {

/// A oneshot that is done and has left a process in its own session.
Toml leaving(const std::string& name, const std::string& more = "") {
  return {.exec = escaping(name) + "while ! [ -s $D/" + name +
                  " ]; do sleep 0.02; done; echo done " + name + " >> $T",
          .service = "oneshot = true\n" + more};
}

/// Waits until the oneshot is done, and zinit knows its process.
pid_t await_left(Server& zinit, const std::string& name) {
  zinit.await_state(name, "exited");
  const pid_t left = escaped_pid(zinit, name);
  const Json status = zinit.await(
      name, [](const Json& now) { return now["left"].size() > 0; }, "what it has left");
  CHECK_THAT(status["left"].dump(), Contains("\"pid\":" + std::to_string(left)));
  return left;
}

TEST_CASE("what a oneshot has left lives on, is shown, can be killed, and ends with its stop",
          "[check][oneshot][cgroups]") {
  Server zinit;
  zinit.add("net", leaving("net"));
  zinit.add("lan", leaving("lan"));
  zinit.boot();
  const pid_t left = await_left(zinit, "net");
  CHECK(alive(left));
  const Json status = zinit.status("net");
  CHECK(status["summary"] == "ok");
  CHECK(status["tasks"].number() >= 1);
  CHECK(status["pid"].is_null());
  CHECK_THAT(zinit.ctl({"status", "net"}).out, Contains("left: "));
  CHECK_THAT(zinit.ctl({"why", "net"}).out, Contains("holds what it has left running"));
  CHECK_THAT(zinit.ctl({"tree", "net"}).out, Contains("net (holds something)"));
  const Json stopped = zinit.stop("net");
  CHECK(stopped["state"] == "inactive");
  CHECK_THAT(zinit.ctl({"tree", "net"}).out, !Contains("holds"));
  CHECK(zinit.count("escaped net") == 1);  // by the stop signal
  CHECK_FALSE(alive(left));

  const pid_t of_lan = await_left(zinit, "lan");
  CHECK(zinit.ctl({"kill", "lan"}).code == 0);
  zinit.await_trace("escaped lan");
  REQUIRE(eventually([&] { return !alive(of_lan); }));
  zinit.await(
      "lan", [](const Json& now) { return now["left"].size() == 0; }, "nothing left");
  CHECK(zinit.state("lan") == "exited");
  CHECK(zinit.ctl({"kill", "lan"}).code != 0);  // no process is left
  CHECK(zinit.stop("lan")["state"] == "inactive");
}

TEST_CASE("each process that a oneshot holds gets the stop signal once", "[oneshot]") {
  Server zinit;
  // In their own sessions, they end one after the other.
  std::string script;
  for (const std::string name : {"a", "b", "c"})
    script += "setsid sh -c 'trap \"echo asked " + name + " >> $T; n=1\" TERM; echo $$ > $D/" +
              name + "; n=; while [ -z \"$n\" ] || ! [ -e $D/end-" + name +
              " ]; do sleep 0.02; done' & while ! [ -s $D/" + name + " ]; do sleep 0.02; done; ";
  zinit.add("net", {.exec = script, .service = "oneshot = true"});
  zinit.boot();
  zinit.await(
      "net", [](const Json& now) { return now["left"].size() >= 3; }, "what it has left");
  zinit.result("service.stop", named("net"));
  for (const std::string name : {"a", "b", "c"}) {
    zinit.await_trace("asked " + name);
    zinit.mark("end-" + name);
    REQUIRE(eventually([&] { return !alive(escaped_pid(zinit, name)); }));
  }
  zinit.await_state("net", "inactive");
  for (const std::string name : {"a", "b", "c"}) CHECK(zinit.count("asked " + name) == 1);
}

TEST_CASE("a oneshot that fails, is stopped or takes too long leaves nothing",
          "[oneshot][cgroups]") {
  Server zinit;
  const auto leaves = [](const std::string& name, const std::string& end) {
    return Toml{
        .exec = escaping(name) + "while ! [ -s $D/" + name + " ]; do sleep 0.02; done; " + end,
        .service = "oneshot = true"};
  };
  zinit.add("bad", leaves("bad", "exit 1"));
  zinit.add("slow", leaves("slow", "sleep 100000"));
  Toml late = leaves("late", "sleep 100000");
  late.lifecycle = "start_timeout_ms = 500";
  zinit.add("late", late);
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  const pid_t slow = escaped_pid(zinit, "slow");
  zinit.stop("slow");
  CHECK_FALSE(alive(slow));
  zinit.await_failed("bad", "exit_code");
  CHECK_FALSE(alive(escaped_pid(zinit, "bad")));
  zinit.await_failed("late", "start_timeout");
  CHECK_FALSE(alive(escaped_pid(zinit, "late")));
}

TEST_CASE("stop_exec of a oneshot that is done runs at its stop, then what is left is stopped",
          "[check][oneshot][cgroups]") {
  Server zinit;
  zinit.add("plain", {.exec = "true",
                      .service = "oneshot = true\n"
                                 "stop_exec = 'echo plain taken back, main=${MAINPID:-} >> $T'\n"
                                 "post_exec = 'echo plain over >> $T'"});
  zinit.add("net", leaving("net", "stop_exec = 'echo net taken back >> $T'"));
  zinit.boot();
  const pid_t left = await_left(zinit, "net");
  zinit.await_state("plain", "exited");
  CHECK_THAT(zinit.ctl({"why", "plain"}).out, Contains("runs its stop_exec"));
  CHECK_FALSE(zinit.traced("plain over"));
  CHECK(zinit.stop("plain")["state"] == "inactive");
  CHECK(zinit.stop("net")["state"] == "inactive");
  CHECK_FALSE(alive(left));
  zinit.traced_in_order("plain taken back, main=", "plain over");
  zinit.traced_in_order("net taken back", "escaped net");
}

TEST_CASE(
    "reload runs the reload_exec of a oneshot that holds something, and its check_exec before",
    "[check][oneshot]") {
  Server zinit;
  const std::string commands =
      "oneshot = true\nreload_exec = 'echo again, main=${MAINPID:-} >> $T; [ ! -e $D/bad ]'\n"
      "check_exec = '[ ! -e $D/wrong ]'\n";
  zinit.add("rules",
            {.exec = "echo up >> $T", .service = commands + "stop_exec = 'echo down >> $T'"});
  zinit.add("nothing", {.exec = "true", .service = commands});
  zinit.boot();
  zinit.await_state("rules", "exited");
  zinit.await_state("nothing", "exited");
  CHECK(zinit.ctl({"reload", "rules"}).code == 0);
  CHECK(zinit.state("rules") == "exited");
  zinit.mark("wrong");
  CHECK(zinit.ctl({"reload", "rules"}).code == 1);
  CHECK_THAT(zinit.ctl({"reload", "nothing"}).err, Contains("nothing is exited"));
  zinit.mark("bad");
  CHECK_THAT(zinit.ctl({"reload", "--no-check", "rules"}).err, Contains("exited with code 1"));
  zinit.reexecute();
  CHECK(zinit.stop("rules")["state"] == "inactive");
  CHECK(zinit.ctl({"reload", "rules"}).code == 1);
  CHECK(zinit.trace() == Texts{"up", "again, main=", "again, main=", "down"});
}

TEST_CASE("a stop of a oneshot ends its reload_exec before it takes back what it holds",
          "[oneshot]") {
  Server zinit;
  zinit.add("rules", {.exec = "true",
                      .service = "oneshot = true\nstop_exec = 'echo down >> $T'\n"
                                 "reload_exec = 'echo $$ >> $T; exec sleep 100000'"});
  zinit.boot();
  zinit.await_state("rules", "exited");
  Background reload(zinit, {"reload", "rules"});
  REQUIRE(eventually([&] { return zinit.trace().size() == 1; }));
  CHECK(zinit.stop("rules")["state"] == "inactive");
  CHECK(zinit.trace().back() == "down");
  CHECK_FALSE(alive(std::stoi(zinit.trace().front())));
  CHECK(reload.exit_code() == 1);
}

TEST_CASE("a shutdown takes back what oneshots hold, in its order", "[oneshot]") {
  Server zinit;
  zinit.add("net",
            {.exec = "true", .service = "oneshot = true\nstop_exec = 'echo net taken back >> $T'"});
  zinit.add("mount", {.exec = "true",
                      .service = "oneshot = true\nstop_exec = 'echo mount taken back >> $T'",
                      .dependencies = "requires = ['net']"});
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['mount']"});
  zinit.add("later", {.exec = tracing("later"), .dependencies = "after = ['net']"});
  zinit.boot({"web", "later"});
  zinit.await_started({"web", "later"});
  CHECK(zinit.shut_down() == 0);
  zinit.traced_in_order("stop web", "mount taken back");
  zinit.traced_in_order("mount taken back", "net taken back");
  zinit.traced_in_order("stop later", "net taken back");
}

TEST_CASE("a restart goes through oneshots that are done: they are down before, and run again",
          "[oneshot][deps]") {
  for (const bool holds : {false, true}) {
    INFO("holds something: " << holds);
    Server zinit;
    zinit.add("db", {.exec = tracing("db")});
    zinit.add("migrate", {.exec = "echo migrate >> $T",
                          .service = std::string("oneshot = true\n") +
                                     (holds ? "stop_exec = 'echo taken back >> $T'" : ""),
                          .dependencies = "requires = ['db']"});
    zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['migrate']"});
    zinit.boot({"web"});
    zinit.await_started({"db", "web"});
    CHECK_THAT(zinit.ctl({"restart", "db"}).out, Contains("migrate"));
    zinit.await_trace("start web", 2);
    zinit.traced_in_order("stop web", holds ? "taken back" : "stop db");
    if (holds) zinit.traced_in_order("taken back", "stop db");
    CHECK(zinit.count("stop db") == 1);
    CHECK(zinit.count("migrate") == 2);
    // A stop takes it down, too, and a start of its dependent runs it again.
    zinit.stop("db");
    CHECK(zinit.state("migrate") == "inactive");
    zinit.start("web");
    CHECK(zinit.count("migrate") == 3);
  }
}

TEST_CASE("what a oneshot holds is taken back when what it requires has failed for good",
          "[oneshot][deps]") {
  Server zinit;
  zinit.add("db", {.exec = "while ! [ -e $D/fail ]; do sleep 0.02; done; exit 1",
                   .lifecycle = "restart = 'never'"});
  zinit.add("setup", {.exec = "echo set up >> $T",
                      .service = "oneshot = true\nstop_exec = 'echo taken back >> $T'",
                      .dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.await_state("setup", "exited");
  zinit.mark("fail");
  zinit.await_failed("setup", "dependency_failed");
  CHECK(zinit.trace() == Texts{"set up", "taken back"});
  REQUIRE(unlink(zinit.path("fail").c_str()) == 0);
  zinit.start("db");
  zinit.await_state("setup", "exited");
  CHECK(zinit.count("set up") == 2);
}

TEST_CASE("a start of a oneshot that holds something takes that back first; dependents stay",
          "[oneshot][cgroups]") {
  Server zinit;
  zinit.add("net", leaving("net", "stop_exec = 'echo taken back >> $T'"));
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['net']"});
  zinit.boot({"web"});
  zinit.await_started({"web"});
  const pid_t before = await_left(zinit, "net");
  zinit.start("net");
  CHECK_FALSE(alive(before));
  zinit.traced_in_order("taken back", "escaped net");
  CHECK(zinit.count("done net") == 2);
  CHECK_FALSE(zinit.traced("stop web"));
}

TEST_CASE("what a oneshot holds is known after re-executions and crashes",
          "[check][oneshot][reexec][cgroups]") {
  Server zinit;
  zinit.add("net", leaving("net", "stop_exec = 'echo taken back >> $T'"));
  zinit.boot();
  const pid_t left = await_left(zinit, "net");
  zinit.reexecute();
  CHECK(await_left(zinit, "net") == left);
  crash(zinit);
  CHECK(await_left(zinit, "net") == left);
  CHECK(zinit.count("done net") == 1);
  CHECK(zinit.stop("net")["state"] == "inactive");
  CHECK_FALSE(alive(left));
  zinit.traced_in_order("taken back", "escaped net");
}

TEST_CASE("a crash at any place of a stop takes back what a oneshot holds",
          "[check][killpoints][oneshot]") {
  for (const std::string point :
       {"order.stop", "order.left", "transition:3", "transition:4", "transition:5",
        "transition.applied:3", "transition.applied:4", "reap.before", "reap.after:2"}) {
    INFO(point);
    const TempDir dir;
    const std::string mark = dir / "crashed";
    Server::Options options{.env = {"ZINIT_KILL_AT=" + point, "ZINIT_KILL_MARK=" + mark}};
    if (point == "order.left") {  // with a cgroup zinit need not look for them
      if (geteuid() != 0) continue;
      options.in_child = have_no_cgroups;
    }
    Server zinit(options);
    zinit.add("net", leaving("net", "stop_exec = 'echo taken back >> $T'"));
    zinit.launch();
    REQUIRE(eventually([&] { return zinit.ctl({"ping"}).code == 0; }));
    CHECK(zinit.ctl({"wait", "net", "--for", "exited", "--timeout", "60"}).code == 0);
    const pid_t left = escaped_pid(zinit, "net");
    CHECK(zinit.ctl({"stop", "net"}).code == 0);
    zinit.reconnect();
    zinit.await_state("net", "inactive");
    CHECK(zinit.count("taken back") == 1);
    CHECK_FALSE(alive(left));
    CHECK(std::filesystem::exists(mark));
  }
}

TEST_CASE("a reload of what a oneshot holds that had not begun when zinit crashed is done",
          "[check][killpoints][oneshot]") {
  const TempDir dir;
  const std::string mark = dir / "crashed";
  Server zinit({.env = {"ZINIT_KILL_AT=order.reload", "ZINIT_KILL_MARK=" + mark}});
  zinit.add("rules", {.exec = "true",
                      .service = "oneshot = true\nstop_exec = 'true'\n"
                                 "reload_exec = 'echo again >> $T'"});
  zinit.boot();
  zinit.await_state("rules", "exited");
  (void)zinit.ctl({"reload", "rules"});  // the crash cuts it off
  zinit.await_trace("again");
  CHECK(zinit.count("again") == 1);
  CHECK(std::filesystem::exists(mark));
  zinit.reconnect();
}

TEST_CASE("kill_mode main: a stop ends the main process alone, and kill --all the rest",
          "[check][kill_mode][cgroups]") {
  Server zinit;
  zinit.add("ssh",
            {.exec = escaping("session") + tracing("ssh"), .lifecycle = "kill_mode = 'main'"});
  zinit.boot({"ssh"});
  const pid_t session = escaped_pid(zinit, "session");
  zinit.await_started({"ssh"});
  REQUIRE(unlink(zinit.path("session").c_str()) == 0);
  zinit.restart("ssh");
  CHECK(alive(session));
  CHECK(zinit.count("stop ssh") == 1);
  const pid_t second = escaped_pid(zinit, "session");
  CHECK(second != session);
  zinit.kill("ssh", R"("signal":"SIGKILL","main":true)");  // an end by itself, and a re-spawn
  zinit.await_started({"ssh"});
  CHECK(alive(session));
  CHECK(alive(second));
  zinit.reexecute();
  const bool cgroups = has_cgroups(zinit);
  zinit.await_state("ssh", "running");
  CHECK(zinit.stop("ssh")["state"] == "exited");
  CHECK(alive(session));
  if (cgroups) {
    CHECK(zinit.status("ssh")["tasks"].number() >= 2);
    CHECK(zinit.status("ssh")["left"].size() >= 2);
    CHECK_THAT(zinit.ctl({"status", "ssh"}).out, Contains("left: "));
    crash(zinit);
    CHECK(zinit.status("ssh")["left"].size() >= 2);
    CHECK(zinit.ctl({"kill", "ssh", "--all", "--main"}).code != 0);
    CHECK(zinit.ctl({"kill", "ssh", "--all"}).code == 0);
    CHECK(eventually([&] { return !alive(session) && !alive(second); }));
    zinit.await(
        "ssh", [](const Json& now) { return now["left"].size() == 0; }, "nothing left");
  }
  for (const pid_t pid : children_of(zinit.pid())) ::kill(pid, SIGKILL);
}

TEST_CASE("what kill_mode main has spared stays when its service is deleted, and is known again",
          "[kill_mode][cgroups]") {
  Server zinit;
  const Toml toml{.exec = escaping("session") + "sleep 100000", .lifecycle = "kill_mode = 'main'"};
  zinit.add("ssh", toml);
  zinit.boot({"ssh"});
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  const pid_t session = escaped_pid(zinit, "session");
  zinit.remove("ssh");
  zinit.reload();
  REQUIRE(eventually([&] { return !zinit.result("service.list").mentions("\"ssh\""); }));
  CHECK(alive(session));
  zinit.await_message("ssh: removed; processes spared by its kill_mode keep running");
  Toml again = toml;
  again.service = "status = 'ignore'";
  zinit.add("ssh", again);
  zinit.reload();
  CHECK(zinit.status("ssh")["left"].size() >= 1);
  CHECK(zinit.ctl({"kill", "ssh", "KILL", "--all"}).code == 0);
  CHECK(eventually([&] { return !alive(session); }));
}

}  // namespace
}  // namespace zinit::test::lifecycle_oneshots
