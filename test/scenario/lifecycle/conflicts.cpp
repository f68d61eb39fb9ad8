// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Two services that must not run at the same time (behaviour.md, "Dependencies", conflicts).
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_conflicts {
namespace {

/// A service that writes to the trace if another one with the same lock runs. It holds the lock
/// until its end at SIGTERM, so that a start that comes too early is visible.
std::string exclusive(const std::string& name) {
  return "trap 'echo stop " + name +
         " >> $T; rmdir $D/lock; exit 0' TERM; mkdir $D/lock || echo BOTH >> $T; "
         "echo start " +
         name + " >> $T; while :; do sleep 1 & wait; done";
}

bool both_ran(const Server& zinit) { return zinit.traced("BOTH"); }

TEST_CASE("an explicit start stops what conflicts, whichever side says so", "[conflicts]") {
  for (const bool first_says_so : {true, false}) {
    Server zinit;
    zinit.add("a",
              {.exec = exclusive("a"), .dependencies = first_says_so ? "conflicts = ['b']" : ""});
    zinit.add("b", {.exec = exclusive("b"),
                    .service = "status = 'stop'",
                    .dependencies = first_says_so ? "" : "conflicts = ['a']"});
    zinit.boot();
    zinit.await_trace("start a");
    CHECK(zinit.start("b")["state"] == "running");
    const Json a = zinit.status("a");
    CHECK(a["state"] == "exited");
    CHECK(a["wish"] == "down");
    zinit.await_trace("start b");
    zinit.traced_in_order("stop a", "start b");
    CHECK(zinit.start("a")["state"] == "running");
    CHECK(zinit.state("b") == "exited");
    zinit.await_trace("start a", 2);
    CHECK_FALSE(both_ran(zinit));
  }
}

TEST_CASE("at boot the one loaded first wins and the other starts when it goes", "[conflicts]") {
  for (const bool first_says_so : {true, false}) {
    Server zinit;
    zinit.add("a",
              {.exec = exclusive("a"), .dependencies = first_says_so ? "conflicts = ['b']" : ""});
    zinit.add("b",
              {.exec = exclusive("b"), .dependencies = first_says_so ? "" : "conflicts = ['a']"});
    zinit.boot();
    zinit.await_trace("start a");
    const Json b = zinit.await(
        "b",
        [](const Json& s) { return s["state"] == "blocked" && s["conflicts_with"].size() > 0; },
        "blocked by a conflict");
    CHECK(b["conflicts_with"].texts() == Texts{"a"});
    CHECK(b["wish"] == "up");
    CHECK(zinit.result("service.why", named("b")).mentions("\"a\""));
    zinit.stop("a");
    zinit.await_trace("start b");
    zinit.traced_in_order("stop a", "start b");
    CHECK_FALSE(both_ran(zinit));
  }
}

TEST_CASE("one whose re-spawn is pending comes before the other, until that is started by name",
          "[conflicts]") {
  Server zinit;
  zinit.add("a", {.exec = exclusive("a"), .lifecycle = "restart_delay_ms = 86400000"});
  zinit.add("b", {.exec = exclusive("b"), .dependencies = "conflicts = ['a']"});
  zinit.boot();
  zinit.await_trace("start a");
  zinit.await_state("b", "blocked");
  zinit.kill("a");
  zinit.await_delayed("a");
  const Json b = zinit.status("b");
  CHECK(b["state"] == "blocked");
  CHECK(b["conflicts_with"].mentions("a"));
  CHECK_FALSE(zinit.traced("start b"));
  CHECK(zinit.start("b")["state"] == "running");
  CHECK(zinit.status("a")["wish"] == "down");
  CHECK(zinit.state("a") == "inactive");
}

TEST_CASE("targets conflict as services do, and a blocked one holds nothing back",
          "[conflicts][target]") {
  Server zinit;
  zinit.add("a");
  zinit.add("b", {.dependencies = "conflicts = ['a', 'c']"});
  zinit.add("c");
  zinit.file("day.toml", "[target]\n[dependencies]\nconflicts = ['night']\n");
  zinit.file("night.toml", "[target]\n");
  zinit.boot({"a", "c", "day"});
  CHECK(zinit.await_state("b", "blocked")["conflicts_with"].size() > 0);

  zinit.await_state("night", "blocked");
  CHECK(zinit.start("night")["state"] == "running");
  CHECK(zinit.state("day") == "inactive");
}

TEST_CASE("of two that wait for the same, the last started explicitly comes first", "[conflicts]") {
  Server zinit;
  // Both require gate, so both are blocked, and b has the higher rank.
  zinit.add("gate", {.exec = "echo start gate >> $T; while ! [ -e $D/go ]; do sleep 0.01; done",
                     .service = "oneshot = true\nstatus = 'stop'"});
  zinit.add("a", {.exec = exclusive("a"),
                  .service = "status = 'stop'",
                  .dependencies = "requires = ['gate']\nconflicts = ['b']"});
  zinit.add("b", {.exec = exclusive("b"), .dependencies = "requires = ['gate']"});
  zinit.boot();
  zinit.await_trace("start gate");
  zinit.begin_start("b");
  zinit.await_state("b", "blocked");
  zinit.begin_start("a");  // takes b's wish
  zinit.await(
      "b", [](const Json& s) { return s["wish"] == "down"; }, "not wished for");
  zinit.mark("go");
  zinit.await_trace("start a");
  CHECK_FALSE(zinit.traced("start b"));
  CHECK(zinit.state("b") == "inactive");
}

TEST_CASE("a boot pulled start loses to what runs and wins nothing", "[conflicts]") {
  // At boot b pulls c in; only the load order decides, and nothing stops for c.
  Server zinit;
  zinit.add("a", {.exec = exclusive("a"), .dependencies = "conflicts = ['c']"});
  zinit.add("b", {.dependencies = "requires = ['c']"});
  zinit.add("c", {.exec = exclusive("c"), .service = "status = 'stop'"});
  zinit.boot();
  zinit.await_trace("start a");
  CHECK(zinit.await_state("c", "blocked")["conflicts_with"].mentions("a"));
  zinit.await_state("b", "blocked");
  zinit.stop("a");
  zinit.await_state("b", "running");
  CHECK_FALSE(both_ran(zinit));
}

TEST_CASE("opposite starts of two that conflict never let both run", "[threads][conflicts]") {
  Server zinit;
  zinit.add("a", {.exec = exclusive("a"), .dependencies = "conflicts = ['b']"});
  zinit.add("b", {.exec = exclusive("b")});
  zinit.boot();
  zinit.await_trace("start a");
  for (int i = 0; i < 10; ++i) {
    const std::string name = i % 2 == 0 ? "b" : "a";
    const int before = zinit.count("start " + name);
    zinit.begin_start(name);
    zinit.await_trace("start " + name, before + 1);
  }
  CHECK_FALSE(both_ran(zinit));
}

}  // namespace
}  // namespace zinit::test::lifecycle_conflicts
