// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Restart policy, delays and counts (zinit.toml(5), [lifecycle]). The model's tests look at the
// length of delays.
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_restart {

TEST_CASE("every policy with every end, for services and oneshots", "[restart]") {
  Server zinit;
  zinit.boot();
  int number = 0;
  const auto answered = [&](const std::string& row) {
    const std::string name = "s" + std::to_string(++number);
    const auto blank = row.find(' '), comma = row.find(", ");
    const std::string policy = row.substr(blank + 1, comma - blank - 1);
    zinit.add(name,
              {.exec = "echo " + name + " >> $T; " + row.substr(comma + 2),
               .service = row.starts_with("oneshot") ? "oneshot = true" : "",
               .lifecycle = (policy == "-" ? "" : "restart = '" + policy + "'\n") +
                            "success = [3, 'SIGUSR1']\nmax_restarts = 1\nrestart_delay_ms = 1"});
    zinit.reload();
    const Json status = zinit.await(
        name, [](const Json& now) { return now["state"] == "exited" || now["state"] == "failed"; },
        "at its end");
    CHECK(status["restart_count"] == zinit.count(name) - 1);
    CHECK(status["wish"] == "up");
    return std::to_string(zinit.count(name)) + " " + status["state"].text();
  };
  CHECK_GOLDEN_ROWS("restart", answered);
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
