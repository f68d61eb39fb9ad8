// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Permissions to spawn: their number, their holders, and the effect of a lack of processes. And the
// additions of several parts to the spawn of one main process.
#include "supervisor/spawn_extras.hpp"
#include "supervisor/spawn_places.hpp"
#include "support/test.hpp"

namespace zinit::test::supervisor_spawn {
namespace {

using Ticket = SpawnPlaces::Ticket;

std::vector<Ticket> tickets(std::size_t count) {
  std::vector<Ticket> made;
  for (std::size_t i = 0; i < count; ++i) made.emplace_back(static_cast<Slot>(i));
  return made;
}

/// The slots that get the free places, in turn.
std::vector<Slot> all_next(SpawnPlaces& places) {
  std::vector<Slot> slots;
  while (const Ticket* const ticket = places.next()) slots.push_back(ticket->slot());
  return slots;
}

TEST_CASE("so many places there are, first come, first served", "[supervisor][places]") {
  SpawnPlaces places;
  auto jobs = tickets(SpawnPlaces::kMost + 2);
  for (Ticket& job : jobs) CHECK_FALSE(places.ask(job));
  CHECK_FALSE(places.ask(jobs[1]));  // it keeps its turn
  CHECK(all_next(places) == std::vector<Slot>{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(places.ask(jobs[0]));
  CHECK(jobs[8].queued());
  places.give_back(jobs[3]);
  CHECK_FALSE(jobs[3].has_place());
  CHECK(all_next(places) == std::vector<Slot>{8});
  places.give_back(jobs[3]);  // it has none any more
  CHECK(all_next(places).empty());
  places.give_back(jobs[9]);  // it only waited
  CHECK(places.queue_empty());
  // Who leaves the queue gets no place, and keeps one that it has.
  places.give_back(jobs[0]);
  for (const std::size_t i : {0u, 3u}) CHECK_FALSE(places.ask(jobs[i]));
  places.withdraw(jobs[0]);
  CHECK(all_next(places) == std::vector<Slot>{3});
  places.withdraw(jobs[3]);
  CHECK(jobs[3].has_place());
}

TEST_CASE("while processes are short there is one place", "[supervisor][places]") {
  SpawnPlaces places;
  auto jobs = tickets(3);
  CHECK_FALSE(places.processes_short());
  CHECK(places.note_shortage());
  CHECK_FALSE(places.note_shortage());
  CHECK(places.processes_short());
  CHECK(places.short_until() > Clock::now());
  for (Ticket& job : jobs) CHECK_FALSE(places.ask(job));
  CHECK(all_next(places) == std::vector<Slot>{0});
  places.give_back(jobs[0]);
  CHECK(all_next(places) == std::vector<Slot>{1});
}

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

}  // namespace
}  // namespace zinit::test::supervisor_spawn
