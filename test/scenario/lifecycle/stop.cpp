// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Stops and restarts: cascades, whole groups, timeouts (behaviour.md, "Dependencies", "Processes").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_stop {
namespace {

/// Writes "term NAME" at SIGTERM, then ends only after the test has set the mark go-NAME.
std::string gated_stop(const std::string& name) {
  return "trap 'echo term " + name + " >> $T; while ! [ -e $D/go-" + name +
         " ]; do sleep 0.01; done; echo stop " + name + " >> $T; exit 0' TERM; echo start " + name +
         " >> $T; while :; do sleep 1 & wait; done";
}

Toml on(const std::string& exec, const std::string& required) {
  return {.exec = exec, .dependencies = "requires = ['" + required + "']"};
}

/// A cgroup of version 1: while it is frozen, not even SIGKILL can kill its processes.
class Freezer {
 public:
  Freezer() : path_("/sys/fs/cgroup/freezer/zinit-scenario-" + std::to_string(getpid())) {
    made_ = mkdir(path_.c_str(), 0755) == 0;
  }
  ~Freezer() {
    if (!made_) return;
    thaw();
    CHECK(eventually([&] { return rmdir(path_.c_str()) == 0; }));
  }
  bool made() const { return made_; }
  void freeze(pid_t pid) {
    write_file(path_ + "/cgroup.procs", std::to_string(pid));
    write_file(path_ + "/freezer.state", "FROZEN");
  }
  void thaw() { write_file(path_ + "/freezer.state", "THAWED"); }

 private:
  std::string path_;
  bool made_ = false;
};

TEST_CASE("a stop stops all that requires the service first, and takes their wishes", "[stop]") {
  Server zinit;
  zinit.add("base", {.exec = tracing("base")});
  zinit.add("db", on(tracing("db"), "base"));
  zinit.add("web", on(tracing("web"), "db"));
  zinit.add("top", on(tracing("top"), "web"));
  zinit.boot();
  zinit.await_started({"base", "db", "web", "top"});
  CHECK(zinit.stop("db")["state"] == "exited");
  zinit.traced_in_order("stop top", "stop web");
  zinit.traced_in_order("stop web", "stop db");
  for (const char* name : {"db", "web", "top"}) CHECK(zinit.status(name)["wish"] == "down");
  CHECK(zinit.state("base") == "running");

  for (const bool again : {false, true}) {
    CHECK((again ? zinit.restart("db") : zinit.start("db"))["state"] == "running");
    zinit.await_settled();
    CHECK(zinit.state("web") == "exited");
    CHECK(zinit.state("top") == "exited");
  }
}

TEST_CASE("all that a stop takes is stopping at once, and each signal waits for its dependents",
          "[stop]") {
  Server zinit;
  zinit.add("db", {.exec = tracing("db")});
  zinit.add("left", on(tracing("left"), "db"));
  zinit.add("top", on(gated_stop("top"), "left"));
  zinit.add("right", on(gated_stop("right"), "db"));
  zinit.boot();
  zinit.await_started({"db", "left", "top", "right"});
  zinit.begin_stop("db");
  zinit.await_trace("term top");
  zinit.await_trace("term right");  // unrelated branches stop at the same time
  for (const char* name : {"db", "left", "top", "right"}) zinit.await_state(name, "stopping");
  CHECK_FALSE(zinit.traced("stop left"));
  zinit.mark("go-top");
  zinit.await_trace("stop left");
  zinit.traced_in_order("stop top", "stop left");
  CHECK_FALSE(zinit.traced("stop db"));
  zinit.mark("go-right");
  zinit.await_state("db", "exited");
  zinit.traced_in_order("stop right", "stop db");
}

TEST_CASE("a stop that a start follows at once is carried out all the same", "[threads][stop]") {
  Server zinit;
  zinit.add("a", {.exec = tracing("a")});
  zinit.boot();
  zinit.await_trace("start a");
  const pid_t old = zinit.pid_of("a");
  Connection both = zinit.connect();
  both.send(R"([{"jsonrpc":"2.0","method":"service.stop","params":["a"]},)"
            R"({"jsonrpc":"2.0","method":"service.start","params":["a"]}])"
            "\n");
  zinit.await_new_pid("a", old);
  zinit.await_trace("start a", 2);
  CHECK(zinit.count("stop a") == 1);
  CHECK(zinit.status("a")["wish"] == "up");
}

TEST_CASE("a stop uses the signal of the service, and kill reaches the group or the main process",
          "[stop]") {
  Server zinit;
  const auto trapping = [](const std::string& signal) {
    return "trap 'echo got " + signal + " >> $T; exit 0' " + signal + "; echo ready " + signal +
           " >> $T; while :; do sleep 1 & wait; done";
  };
  zinit.add("int", {.exec = trapping("INT"), .lifecycle = "stop_signal = 'sigint'"});
  zinit.add("usr1", {.exec = trapping("USR1"), .lifecycle = "stop_signal = 'USR1'"});
  zinit.add("hup", {.exec = trapping("HUP"), .lifecycle = "stop_signal = 1"});
  zinit.add(
      "a",
      {.exec = "sh -c 'trap \"echo child >> $T\" USR1; echo ready >> $T; while :; do sleep 0.01; "
               "done' & "
               "trap 'echo main >> $T' USR1; echo trapped >> $T; while :; do sleep 0.01; done"});
  zinit.boot();
  for (const std::string name : {"INT", "USR1", "HUP"}) zinit.await_trace("ready " + name);
  for (const char* name : {"int", "usr1", "hup"}) CHECK(zinit.stop(name)["state"] == "exited");
  for (const std::string name : {"INT", "USR1", "HUP"}) CHECK(zinit.traced("got " + name));

  zinit.await_trace("ready");
  zinit.await_trace("trapped");
  zinit.kill("a", R"("signal":"SIGUSR1","main":true)");
  zinit.await_trace("main");
  CHECK_FALSE(zinit.traced("child"));
  zinit.kill("a", R"("signal":"USR1")");
  zinit.await_trace("child");
  zinit.await_trace("main", 2);
}

TEST_CASE("a stop is over when the whole group is gone, which SIGSTOP may have stopped", "[stop]") {
  Server zinit;
  zinit.add(
      "a", {.exec = "(trap '' TERM; echo ready >> $T; while ! [ -e $D/go ]; do sleep 0.01; done) & "
                    "trap 'echo leader >> $T; exit 0' TERM; echo trapped >> $T; wait"});
  zinit.add("held", {.lifecycle = "stop_timeout_ms = 3600000"});
  zinit.boot();
  zinit.await_trace("ready");
  zinit.await_trace("trapped");
  zinit.begin_stop("a");
  zinit.await_trace("leader");
  // zinit has seen the end of the leader, and knows of the other process.
  CHECK(eventually([&] {
    for (const Json& each : zinit.result("debug.state")["services"].elements())
      if (each["name"] == "a") return each["process"] == "lingering";
    return false;
  }));
  CHECK(zinit.state("a") == "stopping");
  zinit.mark("go");
  zinit.await_state("a", "exited");

  const pid_t pid = zinit.await_program("held");
  zinit.kill("held", R"("signal":"SIGSTOP")");
  REQUIRE(eventually([&] { return proc_stat(pid, 3) == "T"; }));
  const Json status = zinit.stop("held");
  CHECK(status["state"] == "exited");
  CHECK(status["last_exit"]["signal"] == "SIGTERM");
}

TEST_CASE("time for which zinit was suspended does not count for a stop timeout", "[stop]") {
  // Past the timeout, and ending before it.
  const bool past = GENERATE(true, false);
  const auto timeout = past ? 3000ms : 100000ms, suspended = past ? 3200ms : 1000ms;
  Server zinit;
  zinit.add("a", {.exec = "trap 'echo term >> $T; while ! [ -e $D/go ]; do sleep 0.05; done; "
                          "exit 0' TERM; echo up >> $T; while :; do sleep 0.05; done",
                  .lifecycle = "stop_timeout_ms = " + std::to_string(timeout.count())});
  zinit.boot({"a"});
  zinit.await_trace("up");
  zinit.begin_stop("a");
  zinit.await_trace("term");
  suspend_for(zinit.pid(), suspended);
  // The time left for the stop, from its begin. zinit reads the clock every 500 ms, and may count
  // that much less.
  const auto time = [&] {
    for (const Json& each : zinit.result("debug.state")["services"].elements())
      if (each["name"] == "a" && each["deadline_ms"].is_number())
        return each["deadline_ms"].number() - each["since_ms"].number();
    return std::int64_t{-1};
  };
  CHECK(eventually([&] { return time() >= (timeout + suspended).count() - 600; }));
  CHECK(zinit.state("a") == "stopping");
  zinit.mark("go");
  const Json status = zinit.await_state("a", "exited");
  CHECK(status["last_exit"]["code"] == 0);
}

TEST_CASE("what the main process left in its group is killed before it is spawned again",
          "[check][stop]") {
  Server zinit;
  zinit.add("a", {.exec = "for p in $(cat $D/pids); do kill -0 $p && echo LEFT >> $T; done; "
                          "sh -c 'trap \"\" TERM; exec sleep 100000' & echo $! >> $D/pids; "
                          "echo run >> $T; exit 1",
                  .lifecycle = "restart_delay_ms = 0\nrestart_delay_max_ms = 0\nmax_restarts = 3"});
  write_file(zinit.path("pids"), "");
  zinit.boot();
  zinit.await_failed("a", "exit_code");
  CHECK(zinit.count("run") == 4);
  CHECK_FALSE(zinit.traced("LEFT"));
}

TEST_CASE("the one that goes waits with its signal, unless its process has ended already",
          "[stop]") {
  Server zinit;
  zinit.add("db", {.exec = "[ -e $D/mended ] && exec sleep 100000; while ! [ -e $D/end ]; do sleep "
                           "0.01; done; exit 1",
                   .lifecycle = "restart = 'never'"});
  zinit.add("web", on(gated_stop("web"), "db"));
  zinit.boot();
  zinit.await_trace("start web");
  zinit.mark("end");
  zinit.await_failed("db", "exit_code");  // it does not wait: its process has ended
  zinit.await_trace("term web");
  zinit.await_state("web", "stopping");
  zinit.mark("go-web");
  zinit.await_failed("web", "dependency_failed");
}

TEST_CASE("one whose wish is down rests only when all that require it do", "[stop]") {
  Server zinit;
  zinit.add("once", {.exec = "true", .service = "oneshot = true"});
  zinit.add("web", on(gated_stop("web"), "once"));
  zinit.boot();
  zinit.await_trace("start web");
  zinit.begin_stop("once");
  zinit.await_trace("term web");
  CHECK(zinit.state("once") == "exited");
  zinit.mark("go-web");
  zinit.await_state("once", "inactive");
}

TEST_CASE("a stop of what has ended waits for those above it, and promises no re-spawn", "[stop]") {
  Server zinit;
  zinit.add("delayed", {.exec = "sleep 0.3; exit 1", .lifecycle = "restart_delay_ms = 3600000"});
  zinit.add("failed", {.exec = "sleep 0.3; exit 1", .lifecycle = "restart = 'never'"});
  for (const std::string name : {"delayed", "failed"}) {
    INFO(name);
    zinit.add("on-" + name, on(gated_stop("on-" + name), name));
    if (name == "delayed")
      zinit.boot();
    else
      zinit.reload();
    zinit.await_trace("start on-" + name);
    zinit.await_state(name, name == "delayed" ? "blocked" : "failed");
    Connection client = zinit.connect();
    REQUIRE(client.begin("service.stop", named(name, R"("wait":true)")));
    zinit.await_trace("term on-" + name);
    const Json now = zinit.await(
        name, [](const Json& status) { return status["wish"] == "down"; }, "unwanted");
    CHECK(now["restart_in_ms"].is_null());
    CHECK(now["summary"] == (name == "delayed" ? "waiting" : "error"));
    CHECK(zinit.result("service.why", named(name)).mentions("stops first"));
    zinit.mark("go-on-" + name);
    CHECK(client.read()["result"]["state"] == "inactive");
  }
}

TEST_CASE("a process that cannot be killed is failed with stop_timeout and watched on",
          "[root][stop]") {
  Server zinit;  // ends after the thaw
  Freezer freezer;
  if (!freezer.made()) return skip("needs root and a cgroup v1 freezer");
  zinit.add("a", {.lifecycle = "stop_timeout_ms = 100"});
  zinit.add("b", {.service = "status = 'stop'", .dependencies = "conflicts = ['a']"});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  freezer.freeze(pid);
  CHECK(zinit.stop("a")["state"] == "failed");
  CHECK(zinit.await_failed("a", "stop_timeout")["wish"] == "down");
  // For conflicts it still exists.
  zinit.begin_start("b");
  CHECK(zinit.await_state("b", "blocked")["conflicts_with"].mentions("a"));
  freezer.thaw();
  zinit.await_state("b", "running");
  zinit.await_state("a", "inactive");
  CHECK_FALSE(alive(pid));
}

TEST_CASE("one that could not be killed starts again when it has gone, where its wish is up",
          "[root][stop]") {
  Server zinit;
  Freezer freezer;
  if (!freezer.made()) return skip("needs root and a cgroup v1 freezer");
  zinit.add("a", {.lifecycle = "stop_timeout_ms = 100\nrestart_delay_ms = 1"});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  freezer.freeze(pid);
  zinit.begin_restart("a");
  CHECK(zinit.await_failed("a", "stop_timeout")["wish"] == "up");
  freezer.thaw();
  zinit.await_new_pid("a", pid);
}

TEST_CASE("isolate leaves a target, what it pulls in and what is of class system", "[stop]") {
  Server zinit;
  zinit.file("rescue.toml", "[target]\nstatus = 'stop'\n[dependencies]\nwants = ['shell']\n");
  zinit.add("shell", {.service = "status = 'stop'"});
  zinit.add("db", {.exec = tracing("db")});
  zinit.add("web", {.exec = tracing("web"), .dependencies = "requires = ['db']"});
  zinit.add("agent", {.service = "class = 'system'"});
  zinit.boot({"web"});
  const pid_t agent = zinit.pid_of("agent");
  zinit.await_started({"db", "web"});
  CHECK(zinit.error("system.isolate", R"({"target":"none"})")["code"] == -32000);
  const Json done = zinit.result("system.isolate", R"({"target":"rescue"})");
  CHECK(done["started"].texts() == Texts{"rescue", "shell"});
  CHECK(done["stopped"].texts() == Texts{"db", "web"});
  zinit.await_state("rescue", "running");
  zinit.await_state("shell", "running");
  zinit.await_state("db", "exited");
  zinit.traced_in_order("stop web", "stop db");
  CHECK(zinit.pid_of("agent") == agent);
  CHECK(zinit.ctl({"isolate", "rescue"}).out ==
        "nothing to do: only rescue and what it needs are running\n");
  CHECK(zinit.ctl({"isolate", "nothing"}).code == 4);
}

}  // namespace
}  // namespace zinit::test::lifecycle_stop
