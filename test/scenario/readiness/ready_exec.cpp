// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// ready_exec: it runs each time that a service is ready, before the service counts as running
// (zinit.toml(5), [service]).
#include "scenario/harness.hpp"
namespace zinit::test::readiness_ready_exec {
namespace {

std::string shell(const std::string& line) { return "['sh', '-c', " + toml_string(line) + "]"; }

/// A command that writes a line and waits for the test's mark.
const std::string kGated = "echo ready >> $T; while ! [ -e $D/go ]; do sleep 0.01; done";

void add_gated(Server& zinit) {
  zinit.add("a", {.exec = tracing("a"), .service = "ready_exec = " + shell(kGated)});
}

TEST_CASE("ready_exec runs once the service is ready, after a re-spawn too", "[ready_exec]") {
  Server zinit;
  zinit.add("a", {.exec = "echo main >> $T; while ! [ -e $D/go ]; do sleep 0.01; done; "
                          "echo >&3; exec sleep 100000",
                  .service = "env = { WHO = 'me' }\nready_exec = [" +
                             shell("echo one $ZINIT_SERVICE $WHO $MAINPID >> $T; echo said") +
                             ", " + shell("echo two >> $T") + "]",
                  .lifecycle = "restart_delay_ms = 10",
                  .more = "[readiness]\nnotify = 'fd:3'"});
  zinit.add("b", {.exec = "echo b >> $T; exec sleep 100000", .dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_trace("main");
  zinit.mark("go");
  zinit.await_trace("b");
  const auto one = [&] {
    return "one a me " + std::to_string(static_cast<long>(zinit.status("a")["main_pid"].number()));
  };
  const std::string first = one();
  CHECK(zinit.trace() == Texts{"main", first, "two", "b"});
  CHECK_THAT(zinit.result("logs.tail", named("a")).dump(), Contains("said"));
  const pid_t before = zinit.pid_of("a");
  zinit.kill("a");
  zinit.await_new_pid("a", before);
  CHECK(zinit.trace() == Texts{"main", first, "two", "b", "main", one(), "two"});
}

TEST_CASE("a service is starting while its ready_exec runs", "[ready_exec]") {
  Server zinit;
  add_gated(zinit);
  zinit.add("b", {.exec = tracing("b"), .dependencies = "requires = ['a']"});
  zinit.boot();
  zinit.await_trace("ready");
  const Json status = zinit.await_state("a", "starting");
  CHECK(status["main_pid"].number() > 0);
  CHECK(zinit.state("b") == "blocked");
  CHECK_THAT(zinit.ctl({"why", "a"}).out, Contains("runs its ready_exec"));
  zinit.mark("go");
  zinit.await_state("b", "running");
  zinit.await_started({"a"});
  CHECK(zinit.count("start a") == 1);
}

TEST_CASE("a ready_exec that fails or is late is a failed start, with its step in the reason",
          "[ready_exec]") {
  Server zinit;
  zinit.add("code",
            {.exec = tracing("code"),
             .service = "ready_exec = [" + shell("exit 3") + ", " + shell("echo second >> $T") +
                        "]\npost_exec = " + shell("echo post >> $T"),
             .lifecycle = "restart = 'never'"});
  zinit.add("signal", {.exec = "echo try >> $T; touch $D/tried; exec sleep 100000",
                       .service = "ready_exec = " + shell("while ! rm $D/tried 2> /dev/null; do :; "
                                                          "done; kill -KILL $$"),
                       .lifecycle = "max_restarts = 2\nrestart_delay_ms = 10"});
  zinit.add("absent", {.exec = tracing("absent"),
                       .service = "ready_exec = ['/no/such/program']\npost_exec = " +
                                  shell("echo code $EXIT_CODE signal $EXIT_SIGNAL >> $T"),
                       .lifecycle = "restart = 'never'"});
  zinit.add("late", {.service = "ready_exec = " + shell("echo $$ > $D/pid; exec sleep 100000"),
                     .lifecycle = "restart = 'never'\nstart_timeout_ms = 1500"});
  zinit.boot();
  CHECK(zinit.await_failed("late", "start_timeout")["reason"]["step"] == "ready_exec");
  CHECK_FALSE(alive(static_cast<pid_t>(std::stoi(read_file(zinit.path("pid"))))));
  const Json code = zinit.await_failed("code", "exit_code")["reason"];
  CHECK(code["code"] == 3);
  CHECK(code["step"] == "ready_exec");
  const Json signal = zinit.await_failed("signal", "signal")["reason"];
  CHECK(signal["signal"] == "SIGKILL");
  CHECK(signal["step"] == "ready_exec");
  CHECK(zinit.await_failed("absent", "spawn_error")["reason"]["step"] == "ready_exec");
  CHECK(zinit.count("try") == 3);
  CHECK(zinit.count("post") == 1);
  CHECK_FALSE(zinit.traced("second"));
  CHECK_FALSE(zinit.traced("code 127 signal"));  // the end of the main process
  CHECK_THAT(zinit.ctl({"status", "code"}).out, Contains("ready_exec: exit code 3"));
  CHECK_THAT(zinit.messages(),
             Contains("code: stopping, ready_exec: exit code 3") &&
                 Contains("code: failed: ready_exec: exit code 3; not started again"));
}

TEST_CASE("a stop or the end of the main process ends a ready_exec", "[ready_exec]") {
  Server zinit;
  const std::string lasting = "ready_exec = " + shell(
                                                    "echo $$ > $D/pid-$ZINIT_SERVICE; "
                                                    "echo ready >> $T; exec sleep 100000");
  zinit.add("stopped", {.exec = "exec sleep 100000", .service = lasting});
  zinit.add("ends", {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done; exit 4",
                     .service = lasting,
                     .lifecycle = "restart = 'never'"});
  zinit.add("again", {.exec = "while ! [ -e $D/go ]; do sleep 0.01; done; exit 4",
                      .service = lasting + "\npost_exec = 'true'",
                      .lifecycle = "restart_delay_ms = 86400000"});
  zinit.boot();
  zinit.await_trace("ready", 3);
  CHECK(zinit.stop("stopped")["state"] == "exited");
  zinit.mark("go");
  const Json reason = zinit.await_failed("ends", "exit_code")["reason"];
  CHECK(reason["code"] == 4);
  CHECK(reason["step"].is_null());
  const Json again = zinit.await_delayed("again");
  CHECK(again["reason"]["step"].is_null());
  CHECK(again["last_exit"]["code"] == 4);
  for (const char* name : {"pid-stopped", "pid-again", "pid-ends"})
    CHECK_FALSE(alive(static_cast<pid_t>(std::stoi(read_file(zinit.path(name))))));
}

TEST_CASE("a ready_exec that runs is waited for over re-execution and crash",
          "[ready_exec][reexec]") {
  Server zinit;
  add_gated(zinit);
  zinit.boot();
  zinit.await_trace("ready");
  const pid_t main = static_cast<pid_t>(zinit.await_state("a", "starting")["main_pid"].number());
  zinit.reexecute();
  CHECK(zinit.state("a") == "starting");
  crash(zinit);
  CHECK(zinit.state("a") == "starting");
  zinit.mark("go");
  CHECK(zinit.await_state("a", "running")["main_pid"].number() == main);
  // Both were started at the same time.
  zinit.await_started({"a"});
  for (const char* each : {"start a", "ready"}) CHECK(zinit.count(each) == 1);
}

TEST_CASE("a ready_exec that ends badly after a re-execution has failed the start",
          "[ready_exec][reexec]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a"),
                  .service = "ready_exec = " + shell(kGated + "; exit 5"),
                  .lifecycle = "restart = 'never'"});
  zinit.boot();
  zinit.await_trace("ready");
  zinit.reexecute();
  zinit.mark("go");
  const Json reason = zinit.await_failed("a", "exit_code")["reason"];
  CHECK(reason["code"] == 5);
  CHECK(reason["step"] == "ready_exec");
}

}  // namespace
}  // namespace zinit::test::readiness_ready_exec
