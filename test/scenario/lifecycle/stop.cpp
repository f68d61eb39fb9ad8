// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Stops and restarts: cascades, whole groups, timeouts (behaviour.md, "Dependencies", "Processes").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_stop {
namespace {

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

}  // namespace
}  // namespace zinit::test::lifecycle_stop
