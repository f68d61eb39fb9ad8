// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Restart policy, delays and counts (zinit.toml(5), [lifecycle]). The model's tests look at the
// length of delays.
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_restart {

TEST_CASE("an explicit start is one more try, and ends a delay, as a stop does for good",
          "[restart]") {
  Server zinit;
  zinit.add("a", {.exec = "[ -e $D/mended ]",
                  .service = "oneshot = true",
                  .lifecycle = "restart = 'on-failure'\nrestart_delay_ms = 3600000\n"
                               "restart_delay_max_ms = 80000000"});
  zinit.add("failed", {.exec = "echo failed >> $T; exit 1", .lifecycle = "restart = 'never'"});
  zinit.add("exited", {.exec = "echo exited >> $T", .lifecycle = "restart = 'never'"});
  zinit.add("used-up", {.exec = "echo used-up >> $T; exit 1",
                        .lifecycle = "restart_delay_ms = 1\nmax_restarts = 1"});
  zinit.add("delayed", {.exec = "exit 1", .lifecycle = "restart_delay_ms = 3600000"});
  zinit.boot();
  const auto delayed = [](const Json& s) { return !s["restart_in_ms"].is_null(); };
  CHECK(zinit.await("a", delayed, "delayed")["restart_in_ms"].number() <= 3600000);
  // It is settled as soon as the next attempt is over: in its first delay again.
  const Json again = zinit.start("a");
  CHECK(again["state"] == "blocked");
  CHECK(again["restart_in_ms"].number() <= 3600000);
  zinit.mark("mended");
  CHECK(zinit.start("a")["state"] == "exited");

  zinit.await_failed("failed", "exit_code");
  zinit.await_state("exited", "exited");
  zinit.await_failed("used-up", "exit_code");
  zinit.start("failed");
  zinit.start("exited");
  zinit.start("used-up");
  zinit.await_trace("failed", 2);
  zinit.await_trace("exited", 2);
  zinit.await_trace("used-up", 4);  // the count starts again as well
  zinit.await_delayed("delayed");
  const Json stopped = zinit.stop("delayed");
  CHECK(stopped["state"] == "inactive");
  CHECK(stopped["wish"] == "down");
  CHECK(stopped["restart_in_ms"].is_null());
  for (const Json& timer : zinit.result("debug.state")["timers"].elements())
    CHECK(timer["service"] != "delayed");
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

}  // namespace zinit::test::lifecycle_restart
