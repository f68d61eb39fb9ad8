// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit shows the first cause of an event, and not one that followed from it.
#include "scenario/harness.hpp"
#include "scenario/harness/background.hpp"
#include "scenario/harness/left_processes.hpp"
#include "scenario/harness/notifier.hpp"

namespace zinit::test::lifecycle_causes {
namespace {

const std::string kOnRequest = "status = 'stop'";
const std::string kNever = "restart = 'never'\n";
const std::string kTimeout =
    "because it did not end within its stop_timeout_ms, 100 ms, after SIGTERM";

std::string why(const Server& zinit, const std::string& name) {
  return zinit.ctl({"why", name}).out;
}

TEST_CASE("a failed ready_exec and an end within after_ms are shown as causes",
          "[why][readiness]") {
  Server zinit;
  zinit.add("web", {.service = "ready_exec = 'exit 4'\n" + kOnRequest,
                    .lifecycle = "restart_delay_ms = 100000\nrestart_delay_max_ms = 100000"});
  const std::string after = "[readiness]\nafter_ms = 20000\n";
  zinit.add("early", {.exec = "exit 3", .service = kOnRequest, .lifecycle = kNever, .more = after});
  zinit.boot();
  const std::string cause = "last ready_exec: exit code 4";
  CHECK_THAT(zinit.ctl({"start", "web"}).err, Contains(cause));
  CHECK_THAT(zinit.ctl({"list"}).out, Contains(cause));
  CHECK_THAT(zinit.ctl({"status", "web"}).out, Contains(cause));
  CHECK_THAT(why(zinit, "web"), Contains(cause));

  CHECK(zinit.start("early")["state"] == "failed");
  CHECK_THAT(why(zinit, "early"), Contains("its process ended within its after_ms, 20000"));
}

TEST_CASE("why says what a start waited for, and the last line of what has ended",
          "[why][readiness][logs]") {
  Server zinit;
  const auto add = [&](const std::string& name, const std::string& section,
                       const std::string& lifecycle = kNever) {
    zinit.add(name, {.service = kOnRequest,
                     .lifecycle = "start_timeout_ms = 300\n" + lifecycle,
                     .more = section});
  };
  const std::string later = "restart_delay_ms = 100000\nrestart_delay_max_ms = 100000";
  add("silent", "[readiness]\nnotify = 'systemd'\n");
  add("again", "[readiness]\nnotify = 'systemd'\n", later);
  add("fileless", "[readiness]\npidfile = '" + zinit.path("a.pid") + "'\n");
  add("sick", "[health]\ntype = 'exec'\nexec = 'exit 7'\ninterval_ms = 10\nretries = 9999\n");
  zinit.file("child.toml",
             says({"child", "READY=1", "sleep"}, kSystemd, "start_timeout_ms = 300\n" + kNever));
  zinit.add("once", {.service = kOnRequest + "\noneshot = true",
                     .lifecycle = "start_timeout_ms = 300\n" + kNever});
  const std::string exec = "echo first >&2; printf 'no \\033[31mroom\\n' >&2; echo out; exit 3";
  zinit.add("db", {.exec = exec, .lifecycle = kNever});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.add("late", {.exec = exec, .lifecycle = "restart_delay_ms = 3600000"});
  zinit.add("talker", {.exec = "echo first; echo no port; exit 3", .lifecycle = kNever});
  zinit.boot();
  for (const char* name : {"silent", "again", "fileless", "sick", "once"}) zinit.begin_start(name);
  zinit.await_failed("silent", "start_timeout");
  zinit.await_failed("child", "start_timeout");
  CHECK_THAT(why(zinit, "silent"), Contains("it was still waiting for READY=1 from its process"));
  CHECK_THAT(why(zinit, "child"), Contains("which is not its main process, is ignored"));
  zinit.await_delayed("again");
  CHECK_THAT(why(zinit, "again"), Contains("it was still waiting for READY=1 from its process"));
  zinit.await_failed("fileless", "start_timeout");
  CHECK_THAT(why(zinit, "fileless"), Contains("a.pid to name its process"));
  zinit.await_failed("once", "start_timeout");
  CHECK_THAT(why(zinit, "once"),
             Contains("it is a oneshot, and had not ended within its start_timeout_ms, 300 ms"));
  zinit.await_failed("sick", "start_timeout");
  CHECK_THAT(why(zinit, "sick"), Contains("it was still waiting for its health check to succeed") &&
                                     Contains("exited with code 7"));

  zinit.await_failed("web", "dependency_failed");
  zinit.await_delayed("late");
  const std::string line = "its last line on standard error: no \\x1b[31mroom";
  CHECK_THAT(why(zinit, "db"), Contains(line));
  CHECK_THAT(why(zinit, "web"),
             Contains(line) && Contains("root cause db: see `zinitctl logs db`"));
  CHECK_THAT(why(zinit, "late"), Contains(line + "; `zinitctl logs late` shows more"));
  zinit.await_failed("talker", "exit_code");
  CHECK_THAT(why(zinit, "talker"), Contains("its last line on standard output: no port"));
}

TEST_CASE("a killed process is shown with who or what has killed it", "[why][stop]") {
  Server zinit;
  zinit.add("web", {.lifecycle = "restart_delay_ms = 3600000\nstop_timeout_ms = 100"});
  zinit.add("deaf", {.exec = "trap '' TERM; echo up >> $T; while :; do sleep 0.1; done",
                     .lifecycle = "stop_timeout_ms = 100"});
  zinit.add("gone", {.lifecycle = kNever});
  zinit.boot({"web", "gone"});
  zinit.await_trace("up");
  zinit.kill("web", R"("signal":"SIGKILL")");
  zinit.await_delayed("web");
  CHECK_THAT(zinit.ctl({"status", "web"}).out,
             Contains("killed at the request of pid " + std::to_string(getpid())));
  zinit.kill("gone", R"("signal":"SIGKILL")");
  zinit.await_state("gone", "failed");
  CHECK_THAT(zinit.ctl({"status"}).out,
             Contains("web: last killed at the request of pid") &&
                 Contains("gone: killed by SIGKILL; killed at the request of pid"));
  CHECK_THAT(zinit.ctl({"restart", "deaf"}).out,
             Catch::StartsWith("[+] deaf is running, pid ") &&
                 Contains(", its last process ended after ") &&
                 Contains(": killed " + kTimeout + " (SIGKILL)\n"));
  zinit.await_trace("up", 2);
  CHECK_THAT(zinit.ctl({"stop", "deaf"}).out,
             Catch::StartsWith("[.] deaf stopped after ") &&
                 Contains(": killed " + kTimeout + " (SIGKILL)\n"));
  CHECK_THAT(zinit.ctl({"status", "deaf"}).out, Contains(kTimeout));
  CHECK_THAT(why(zinit, "deaf"), Contains("its process was killed " + kTimeout));
  CHECK_THAT(zinit.messages(), Contains("at the request of pid") &&
                                   Contains("deaf: stopped, killed by SIGKILL after") &&
                                   Contains(", " + kTimeout + "\n"));
}

TEST_CASE("why of a stop names its stop_exec, and who has ended it", "[why][stop][cgroups]") {
  Server zinit;
  zinit.add("slow", {.service = "stop_exec = 'echo asked >> $T; exec sleep 100000'",
                     .lifecycle = "stop_timeout_ms = 'infinity'"});
  zinit.boot({"slow"});
  if (!has_cgroups(zinit)) return skip(kNeedsCgroups);
  CHECK(zinit.ctl({"stop", "--no-wait", "slow"}).code == 0);
  zinit.await_trace("asked");
  CHECK_THAT(why(zinit, "slow"), Contains("its stop_exec runs, pid ") &&
                                     Contains("`/bin/sh -c echo asked >> $T; exec sleep") &&
                                     Contains("`zinitctl kill --all slow KILL` ends it"));
  CHECK(zinit.ctl({"kill", "--all", "slow", "KILL"}).code == 0);
  zinit.await_state("slow", "exited");
  const std::string by = "killed at the request of pid ";
  CHECK_THAT(zinit.ctl({"status", "slow"}).out, Contains(by));
  CHECK_THAT(why(zinit, "slow"), Contains("its process was " + by));
}

TEST_CASE("what killed a process, and what its health checks found, is known to the next image",
          "[why][reexec]") {
  Server zinit;
  zinit.add("gone", {.lifecycle = kNever});
  zinit.add("deaf", {.exec = "trap '' TERM; echo up >> $T; while :; do sleep 0.1; done",
                     .lifecycle = "stop_timeout_ms = 100"});
  // Its first probe fails, and the next one never ends.
  zinit.add("ill", {.lifecycle = "start_timeout_ms = 86400000",
                    .more = "[health]\ntype = 'exec'\nexec = '[ ! -e " + zinit.path("probed") +
                            " ] || exec sleep 100000; : > " + zinit.path("probed") +
                            "; exit 7'\ntimeout_ms = 3600000\nretries = 1000\n"});
  zinit.boot({"gone"});
  zinit.await_trace("up");
  zinit.kill("gone", R"("signal":"SIGKILL")");
  zinit.await_state("gone", "failed");
  (void)zinit.stop("deaf");
  zinit.await(
      "ill", [](const Json& s) { return s["health"]["attempts"].number() > 0; }, "ill");
  const std::string found = zinit.status("ill")["health"]["last_error"].text();
  CHECK_THAT(found, Contains("7"));
  for (const bool crashes : {false, true}) {
    INFO(crashes);
    crashes ? crash(zinit) : zinit.reexecute();
    CHECK_THAT(zinit.ctl({"status", "gone"}).out, Contains("killed at the request of pid"));
    CHECK_THAT(zinit.ctl({"status", "deaf"}).out, Contains(kTimeout));
    CHECK(zinit.status("ill")["health"]["last_error"] == found);
    CHECK_THAT(why(zinit, "ill"), Contains(found));
  }
}

TEST_CASE("a stop for stop_when_unneeded says so", "[why][reexec]") {
  Server zinit;
  zinit.add("db", {.service = kOnRequest, .lifecycle = "stop_when_unneeded = true"});
  zinit.add("web", {.service = kOnRequest, .dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.start("web");
  zinit.stop("web");
  zinit.await_state("db", "exited");
  SECTION("at once") {}
  SECTION("after a re-execution") { zinit.reexecute(); }
  CHECK_THAT(why(zinit, "db"), Contains("no running service needs it any more"));
  zinit.start("db");
  zinit.stop("db");
  CHECK_THAT(why(zinit, "db"), Contains("was stopped on request"));
}

TEST_CASE("why says that a signal has stopped the process, and how it goes on", "[why]") {
  Server zinit;
  zinit.add("web");
  zinit.boot({"web"});
  CHECK_THAT(why(zinit, "web"), Contains("nothing is wrong"));
  zinit.kill("web", R"("signal":"SIGSTOP")");
  const pid_t pid = zinit.pid_of("web");
  REQUIRE(eventually([&] { return proc_stat(pid, 3) == "T"; }));
  CHECK_THAT(why(zinit, "web"), Contains("`zinitctl kill web CONT` lets it go on"));
  CHECK(zinit.ctl({"kill", "web", "CONT"}).code == 0);
  REQUIRE(eventually([&] { return proc_stat(pid, 3) != "T"; }));
  CHECK_THAT(why(zinit, "web"), Contains("nothing is wrong"));
}

TEST_CASE("why says that a restart waits for check_exec", "[why][check_exec]") {
  Server zinit;
  const std::string check = "check_exec = 'while ! [ -e $D/go ]; do sleep 0.01; done'";
  zinit.add("web", {.service = check, .lifecycle = "start_timeout_ms = 60000"});
  // The start of a oneshot has no limit, but its check has one.
  zinit.add("once", {.exec = "true", .service = "oneshot = true\nstop_exec = 'true'\n" + check});
  zinit.boot({"web"});
  zinit.await_state("once", "exited");
  const pid_t pid = zinit.pid_of("web");
  Background restart(zinit, {"restart", "web"}), again(zinit, {"restart", "once"});
  const auto says = [&](const char* name, const std::string& time) {
    const std::string text = "waits for its check_exec, which may take " + time;
    return eventually([&] { return why(zinit, name).find(text) != std::string::npos; });
  };
  CHECK(says("web", "1 min 0 s"));
  CHECK(says("once", "30.0 s"));
  zinit.mark("go");
  CHECK(restart.exit_code() == 0);
  CHECK(again.exit_code() == 0);
  zinit.await_new_pid("web", pid);
  CHECK_THAT(why(zinit, "web"), Contains("nothing is wrong"));
}

TEST_CASE("what a stop has spared is in why", "[why][kill_mode][cgroups]") {
  Server zinit;
  zinit.add("ssh",
            {.exec = escaping("session") + "exec sleep 100000", .lifecycle = "kill_mode = 'main'"});
  zinit.boot({"ssh"});
  const pid_t session = escaped_pid(zinit, "session");
  zinit.stop("ssh");
  if (has_cgroups(zinit)) {
    CHECK_THAT(why(zinit, "ssh"), Contains("has left running " + std::to_string(session)));
    CHECK(zinit.ctl({"kill", "--all", "ssh", "TERM"}).code == 0);
  } else {
    ::kill(session, SIGKILL);
  }
  REQUIRE(eventually([&] { return !alive(session); }));
  CHECK_THAT(why(zinit, "ssh"), !Contains("has left running"));
}

TEST_CASE("a main process that ends within after_ms has no successor", "[readiness]") {
  Server zinit;
  const std::string file = zinit.path("a.pid");
  zinit.add("web", {.exec = "sleep 100000 & echo $$ > " + file +
                            "; while ! [ -e $D/go ]; do sleep 0.01; done",
                    .lifecycle = "restart = 'never'",
                    .more = "[readiness]\nafter_ms = 25000\npidfile = '" + file + "'\n"});
  zinit.boot();
  zinit.await_state("web", "starting");
  const auto named = [&] {
    return why(zinit, "web").find("to name its process") == std::string::npos;
  };
  REQUIRE(eventually(named));
  zinit.mark("go");
  zinit.await_failed("web", "exit_code");
}

}  // namespace
}  // namespace zinit::test::lifecycle_causes
