// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The additions of several parts to the spawn of one main process.
#include "supervisor/spawn_extras.hpp"
#include "support/test.hpp"

namespace zinit::test::supervisor_spawn_extras {

TEST_CASE("what several parts give a process adds up in its spawn plan", "[supervisor][extras]") {
  SpawnExtras extras;
  extras.environment = {"NOTIFY_SOCKET=@a"};
  extras.pid_variables = {"WATCHDOG_PID"};
  extras.listen_fds.push_back({11, "http"});
  extras.passed.push_back({30, 9});
  extras.listen_fds.push_back({12, "stored"});
  SpawnPlan plan;
  plan.env = {"LANG=C", "NOTIFY_SOCKET=old", "LISTEN_FDS=7", "WATCHDOG_PID=1", "LISTEN_PID=1"};
  REQUIRE(extras.add_to(plan));
  CHECK(plan.env ==
        Texts{"LANG=C", "NOTIFY_SOCKET=@a", "LISTEN_FDS=2", "LISTEN_FDNAMES=http:stored"});
  CHECK(plan.pid_variables == Texts{"WATCHDOG_PID", "LISTEN_PID"});
  REQUIRE(plan.passed.size() == 3);
  for (const auto& [i, fd, as] : {std::tuple{0u, 11, 3}, {1u, 12, 4}, {2u, 30, 9}}) {
    CHECK(plan.passed[i].fd == fd);
    CHECK(plan.passed[i].as == as);
  }
  // Two descriptors that ask for one number fail the spawn.
  extras.passed.push_back({13, 3});
  const auto added = extras.add_to(plan);
  REQUIRE_FALSE(added);
  CHECK(added.error().text == "two descriptors ask for number 3 in the process");
  CHECK_FALSE(added.error().temporary());
}

TEST_CASE("who has added a part finds it again by its type", "[supervisor][extras]") {
  struct Socket : SpawnPart {};
  struct Pipe : SpawnPart {};
  SpawnExtras extras;
  CHECK(extras.part<Pipe>() == nullptr);
  extras.parts = {std::make_shared<Socket>(), std::make_shared<Pipe>()};
  CHECK(extras.part<Socket>() == extras.parts[0]);
  CHECK(extras.part<Pipe>() == extras.parts[1]);
}

}  // namespace zinit::test::supervisor_spawn_extras
