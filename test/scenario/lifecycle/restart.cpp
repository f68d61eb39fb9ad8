// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Restart policy, delays and counts (zinit.toml(5), [lifecycle]). The tests only check that delays
// are not too short.
#include "scenario/harness.hpp"

namespace lifecycle_restart_test {

using namespace zinit::test;

namespace {

/// Appends the time in ms to the trace.
const std::string kStamp = "echo $(($(date +%s%N) / 1000000)) >> $T; ";

/// The times between the lines of the trace.
std::vector<long> gaps(const Server& zinit) {
  std::vector<long> between;
  const auto lines = zinit.trace();
  for (std::size_t i = 1; i < lines.size(); ++i)
    between.push_back(std::stol(lines[i]) - std::stol(lines[i - 1]));
  return between;
}

}  // namespace

TEST_CASE("a oneshot satisfies by an exit code of success", "[restart]") {
  Server zinit;
  zinit.add("once", {.exec = "exit 3", .service = "oneshot = true", .lifecycle = "success = [3]"});
  zinit.add("a", {.dependencies = "requires = ['once']"});
  zinit.boot({"a"});
  CHECK(zinit.status("once")["summary"] == "ok");
  CHECK(zinit.ctl({"status", "once"}).code == 0);
}

TEST_CASE("the delay doubles with each re-spawn", "[restart]") {
  Server zinit;
  zinit.add("a",
            {.exec = kStamp + "exit 1", .lifecycle = "restart_delay_ms = 60\nmax_restarts = 3"});
  zinit.boot();
  zinit.await_failed("a", "exit_code");
  const auto between = gaps(zinit);
  REQUIRE(between.size() == 3);
  CHECK(between[0] >= 60);
  CHECK(between[1] >= 120);
  CHECK(between[2] >= 240);
}

TEST_CASE("the delay is capped", "[restart]") {
  Server zinit;
  zinit.add("a", {.exec = "echo run >> $T; [ $(wc -l < $T) -lt 5 ] && exit 1; exec sleep 100000",
                  .lifecycle = "restart_delay_ms = 50\nrestart_delay_max_ms = 60"});
  zinit.boot();
  long longest = 0;
  zinit.await(
      "a",
      [&](const Json& status) {
        if (status["restart_in_ms"].is_number())
          longest = std::max<long>(longest, status["restart_in_ms"].number());
        return status["state"] == "running" && zinit.count("run") == 5;
      },
      "running after four failures");
  CHECK(longest <= 60);
  CHECK(zinit.status("a")["restart_count"] == 4);
}

TEST_CASE("after max_restarts re-spawns in a row it is failed with the last reason", "[restart]") {
  Server zinit;
  zinit.add("bad", {.exec = "echo bad >> $T; exit 9",
                    .lifecycle = "restart_delay_ms = 1\nmax_restarts = 2"});
  zinit.add("good", {.exec = "echo good >> $T",
                     .lifecycle = "restart = 'always'\nrestart_delay_ms = 1\nmax_restarts = 2"});
  zinit.boot();
  CHECK(zinit.await_failed("bad", "exit_code")["reason"]["code"] == 9);
  CHECK(zinit.count("bad") == 3);
  // Its restarts are used up, although each end was a success.
  CHECK(zinit.await_failed("good", "exit_code")["reason"]["code"] == 0);
  CHECK(zinit.count("good") == 3);
}

TEST_CASE("max_restarts of 0 is without limit", "[restart]") {
  Server zinit;
  zinit.add("a", {.exec = "echo run >> $T; exit 1",
                  .lifecycle = "restart_delay_ms = 0\nrestart_delay_max_ms = 0"});
  zinit.boot();
  zinit.await_trace("run", 30);
}

TEST_CASE("having run for the stability period, the count starts again", "[restart]") {
  Server zinit;
  zinit.add("a",
            {.exec = "echo run >> $T; sleep 0.3; exit 1",
             .lifecycle = "restart_delay_ms = 1\nmax_restarts = 1\nstability_period_ms = 100"});
  zinit.boot();
  zinit.await_trace("run", 4);
}

TEST_CASE("an explicit start ends the delay of a re-spawn and starts its doubling again",
          "[restart]") {
  Server zinit;
  zinit.add("a", {.exec = "[ -e $D/mended ]",
                  .service = "oneshot = true",
                  .lifecycle = "restart = 'on-failure'\nrestart_delay_ms = 3600000\n"
                               "restart_delay_max_ms = 80000000"});
  zinit.boot();
  const auto delayed = [](const Json& s) { return !s["restart_in_ms"].is_null(); };
  CHECK(zinit.await("a", delayed, "delayed")["restart_in_ms"].number() <= 3600000);
  // It is settled as soon as the next attempt is over: in its first delay again.
  const Json again = zinit.start("a");
  CHECK(again["state"] == "blocked");
  CHECK(again["restart_in_ms"].number() <= 3600000);
  zinit.mark("mended");
  CHECK(zinit.start("a")["state"] == "exited");
}

TEST_CASE("an explicit start is one more try of what is failed or exited, whatever the policy",
          "[restart]") {
  Server zinit;
  zinit.add("failed", {.exec = "echo failed >> $T; exit 1", .lifecycle = "restart = 'never'"});
  zinit.add("exited", {.exec = "echo exited >> $T", .lifecycle = "restart = 'never'"});
  zinit.add("used-up", {.exec = "echo used-up >> $T; exit 1",
                        .lifecycle = "restart_delay_ms = 1\nmax_restarts = 1"});
  zinit.boot();
  zinit.await_failed("failed", "exit_code");
  zinit.await_state("exited", "exited");
  zinit.await_failed("used-up", "exit_code");
  zinit.start("failed");
  zinit.start("exited");
  zinit.start("used-up");
  zinit.await_trace("failed", 2);
  zinit.await_trace("exited", 2);
  zinit.await_trace("used-up", 4);  // the count starts again as well
}

TEST_CASE("an explicit start runs a oneshot that is done once more, its dependents stay",
          "[restart]") {
  Server zinit;
  zinit.add("once", {.exec = "echo run >> $T; [ $(wc -l < $T) -eq 1 ] && exit; "
                             "while ! [ -e $D/go ]; do sleep 0.01; done",
                     .service = "oneshot = true"});
  zinit.add("a", {.dependencies = "requires = ['once']"});
  zinit.boot();
  const pid_t pid = zinit.await_program("a");
  zinit.begin_start("once");
  zinit.await_trace("run", 2);
  zinit.await_state("once", "starting");
  CHECK(zinit.state("a") == "running");
  zinit.mark("go");
  zinit.await_state("once", "exited");
  CHECK(zinit.pid_of("a") == pid);
}

TEST_CASE("a oneshot that fails when it is run once more takes its dependents down", "[restart]") {
  Server zinit;
  zinit.add("once",
            {.exec = "echo run >> $T; [ $(wc -l < $T) -eq 1 ]", .service = "oneshot = true"});
  zinit.add("a", {.dependencies = "requires = ['once']"});
  zinit.boot({"a"});
  CHECK(zinit.start("once")["state"] == "failed");
  CHECK(zinit.await_failed("a", "dependency_failed")["reason"]["service"] == "once");
}

TEST_CASE("a stop ends the delay of a re-spawn for good", "[restart]") {
  Server zinit;
  zinit.add("a", {.exec = "exit 1", .lifecycle = "restart_delay_ms = 3600000"});
  zinit.boot();
  zinit.await_delayed("a");
  const Json stopped = zinit.stop("a");
  CHECK(stopped["state"] == "inactive");
  CHECK(stopped["wish"] == "down");
  CHECK(stopped["restart_in_ms"].is_null());
  for (const Json& timer : zinit.result("debug.state")["timers"].elements())
    CHECK(timer["service"] != "a");
}

TEST_CASE("every policy with every end, for services and oneshots", "[restart]") {
  struct Row {
    bool oneshot;
    const char* policy;  // empty: the default
    const char* end;     // for the shell
    int spawns;          // with max_restarts = 1
    const char* state;
  };
  const Row rows[] = {
      {false, "always", "exit 0", 2, "failed"},
      {false, "always", "exit 1", 2, "failed"},
      {false, "always", "exit 3", 2, "failed"},
      {false, "always", "kill -KILL $$", 2, "failed"},
      {false, "on-failure", "exit 0", 1, "exited"},
      {false, "on-failure", "exit 1", 2, "failed"},
      {false, "on-failure", "exit 3", 1, "exited"},
      {false, "on-failure", "kill -USR1 $$", 1, "exited"},
      {false, "on-failure", "kill -KILL $$", 2, "failed"},
      {false, "", "exit 1", 2, "failed"},
      {false, "never", "exit 0", 1, "exited"},
      {false, "never", "exit 1", 1, "failed"},
      {false, "never", "kill -USR1 $$", 1, "exited"},
      {true, "on-failure", "exit 0", 1, "exited"},
      {true, "on-failure", "exit 1", 2, "failed"},
      {true, "on-failure", "exit 3", 1, "exited"},
      {true, "on-failure", "kill -USR1 $$", 1, "exited"},
      {true, "never", "exit 1", 1, "failed"},
      {true, "", "exit 0", 1, "exited"},
      {true, "", "exit 1", 1, "failed"},
  };
  Server zinit;
  int number = 0;
  for (const Row& row : rows) {
    const std::string name = "s" + std::to_string(number++);
    const std::string policy = row.policy;
    zinit.add(name,
              {.exec = "echo " + name + " >> $T; " + row.end,
               .service = row.oneshot ? "oneshot = true" : "",
               .lifecycle = (policy.empty() ? "" : "restart = '" + policy + "'\n") +
                            "success = [3, 'SIGUSR1']\nmax_restarts = 1\nrestart_delay_ms = 1"});
  }
  zinit.boot();
  number = 0;
  for (const Row& row : rows) {
    const std::string name = "s" + std::to_string(number++);
    INFO((row.oneshot ? "oneshot " : "") << row.policy << ", " << row.end);
    const Json status = zinit.await_state(name, row.state);
    CHECK(zinit.count(name) == row.spawns);
    CHECK(status["restart_count"] == row.spawns - 1);
    CHECK(status["wish"] == "up");
  }
}

TEST_CASE("a oneshot has no start timeout unless it is given one", "[restart]") {
  Server zinit;
  zinit.add("free", {.service = "oneshot = true"});
  zinit.add("said", {.service = "oneshot = true", .lifecycle = "start_timeout_ms = 'infinity'"});
  zinit.add("bound", {.service = "oneshot = true", .lifecycle = "start_timeout_ms = 50"});
  zinit.boot();
  zinit.await_failed("bound", "start_timeout");
  int unbound = 0;
  for (const Json& service : zinit.result("debug.state")["services"].elements()) {
    if (service["name"] == "bound") continue;
    CHECK(zinit.state(service["name"].text()) == "starting");
    CHECK(service["deadline_ms"].is_null());
    ++unbound;
  }
  CHECK(unbound == 2);
}

}  // namespace lifecycle_restart_test
