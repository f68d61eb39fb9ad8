// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// requires, after and wants: what they pull in, how they delay a start, and what a failure causes
// (behaviour.md, "Dependencies").
#include "scenario/harness.hpp"
namespace zinit::test::lifecycle_dependencies {
namespace {

TEST_CASE("a start is not answered while what it requires is being spawned", "[deps]") {
  Server zinit;
  const char* stopped = "status = 'stop'";
  zinit.add(
      "crashes",
      {.exec = "sh -c 'exit 1'", .service = stopped, .lifecycle = "restart_delay_ms = 86400000"});
  zinit.add("middle", {.service = stopped, .dependencies = "requires = ['crashes']"});
  zinit.add("top", {.service = stopped, .dependencies = "requires = ['middle']"});
  zinit.boot();
  int blocked = 0;
  for (int i = 0; i < 30; ++i) {
    zinit.start("crashes");
    const Json status = zinit.start("top");
    // Either its requirement had already ended, and no start is under way...
    if (status["state"] == "blocked") {
      ++blocked;
      CHECK(zinit.await_delayed("crashes")["restart_in_ms"].number() > 0);
      CHECK(zinit.state("middle") == "blocked");
    } else {  // ... or it runs.
      CHECK(status["state"] == "running");
    }
    zinit.stop("crashes");
  }
  CHECK(blocked < 30);
}

TEST_CASE("independent services start at the same time", "[threads][deps]") {
  Server zinit;
  // Each ends only after it has seen all others start.
  for (int i = 0; i < 8; ++i) {
    zinit.add("s" + std::to_string(i),
              {.exec = "echo start >> $T; while [ $(wc -l < $T) -lt 8 ]; do sleep 0.01; done",
               .service = "oneshot = true"});
  }
  zinit.boot();
  for (int i = 0; i < 8; ++i) zinit.await_state("s" + std::to_string(i), "exited");
}

}  // namespace
}  // namespace zinit::test::lifecycle_dependencies
