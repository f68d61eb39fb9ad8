// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Oneshots that hold something when they are done, and kill_mode (behaviour.md, "Oneshots that hold
// something"; zinit.toml(5), oneshot, stop_exec and kill_mode).
#include "scenario/harness.hpp"
#include "scenario/harness/crashing.hpp"
#include "scenario/harness/fault_injector.hpp"
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
          "[check][oneshot][reexec][cgroups]") {
  Server zinit;
  zinit.add("plain", {.exec = "true",
                      .service = "oneshot = true\n"
                                 "stop_exec = 'echo plain taken back, main=${MAINPID:-} >> $T'\n"
                                 "post_exec = 'echo plain over >> $T'"});
  zinit.add("net", leaving("net", "stop_exec = 'echo net taken back >> $T'"));
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['net']"});
  zinit.boot({"web"});
  const pid_t before = await_left(zinit, "net");
  zinit.await_state("plain", "exited");
  CHECK_THAT(zinit.ctl({"why", "plain"}).out, Contains("runs its stop_exec"));
  CHECK_FALSE(zinit.traced("plain over"));
  CHECK(zinit.stop("plain")["state"] == "inactive");
  zinit.traced_in_order("plain taken back, main=", "plain over");

  // A start takes back first, and dependents stay.
  REQUIRE(unlink(zinit.path("net").c_str()) == 0);
  zinit.start("net");
  CHECK_FALSE(alive(before));
  zinit.traced_in_order("net taken back", "escaped net");
  CHECK(zinit.count("done net") == 2);
  CHECK_FALSE(zinit.traced("stop web"));

  // It is known to the next process images.
  const pid_t left = await_left(zinit, "net");
  CHECK(left != before);
  zinit.reexecute();
  CHECK(await_left(zinit, "net") == left);
  crash(zinit);
  CHECK(await_left(zinit, "net") == left);
  CHECK(zinit.count("done net") == 2);
  write_file(zinit.path("trace"), "");
  CHECK(zinit.stop("net")["state"] == "inactive");
  CHECK_FALSE(alive(left));
  zinit.traced_in_order("net taken back", "escaped net");

  // What it holds also ends if what it has left is killed before.
  REQUIRE(unlink(zinit.path("net").c_str()) == 0);
  zinit.start("net");
  const pid_t killed = await_left(zinit, "net");
  CHECK(zinit.ctl({"kill", "net", "KILL"}).code == 0);
  REQUIRE(eventually([&] { return !alive(killed); }));
  write_file(zinit.path("trace"), "");
  CHECK(zinit.stop("net")["state"] == "inactive");
  CHECK(zinit.traced("net taken back"));
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
  Crashing crashing("order.reload");
  Server& zinit = crashing.zinit;
  zinit.add("rules", {.exec = "true",
                      .service = "oneshot = true\nstop_exec = 'true'\n"
                                 "reload_exec = 'echo again >> $T'"});
  zinit.boot();
  zinit.await_state("rules", "exited");
  (void)zinit.ctl({"reload", "rules"});  // the crash cuts it off
  zinit.await_trace("again");
  CHECK(zinit.count("again") == 1);
  CHECK(crashing.crashed());
  zinit.reconnect();
}

TEST_CASE("what stop_exec of a oneshot leaves is stopped with it, also if the oneshot left nothing",
          "[oneshot][cgroups]") {
  Server zinit;
  const std::string taking_back = escaping("late") + "while ! [ -s $D/late ]; do sleep 0.02; done";
  zinit.add("net", {.exec = "true",
                    .service = "oneshot = true\nstop_exec = " + toml_string(taking_back) + "\n"});
  zinit.boot();
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  zinit.await_state("net", "exited");
  CHECK(zinit.stop("net")["state"] == "inactive");
  CHECK(zinit.count("escaped late") == 1);  // by the stop signal
  CHECK_FALSE(alive(escaped_pid(zinit, "late")));
}

TEST_CASE("stop_exec of a done oneshot that lacks descriptors for its launch is tried again",
          "[oneshot][faults]") {
  if (!FaultInjector::possible()) return skip("needs seccomp notifications");
  FaultInjector injector;
  Server zinit({.in_child = [&] { injector.install_in_child(); }});
  zinit.add("net",
            {.exec = "true", .service = "oneshot = true\nstop_exec = 'echo taken back >> $T'\n"});
  launch_under(injector, zinit);
  // At the first lack of descriptors zinit has a reserve to give up.
  for (int stops = 1; stops <= 2; ++stops) {
    zinit.await_state("net", "exited");
    injector.arm(1, "pipe2");
    CHECK(zinit.stop("net")["state"] == "inactive");
    CHECK_THAT(injector.disarm(), Contains("pipe2"));
    CHECK(zinit.count("taken back") == stops);
    zinit.start("net");
  }
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
