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
