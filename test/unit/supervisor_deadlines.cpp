// The heap of deadlines, against a map that is searched.
#include "supervisor/deadlines.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace zinit;

namespace {

TimePoint at(int ms) { return TimePoint{} + Milliseconds{ms}; }

}  // namespace

TEST_CASE("the earliest deadline is at hand, whatever is set, moved and taken out",
          "[supervisor][deadlines]") {
  const auto seed = GENERATE(take(20, random(0, 1000000)));
  INFO("seed " << seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  constexpr Slot slots = 40;
  Deadlines deadlines;
  deadlines.reserve(slots);
  std::map<Slot, TimePoint> expected;
  for (int step = 0; step < 2000; ++step) {
    const auto slot = static_cast<Slot>(random() % slots);
    if (random() % 3 == 0) {
      expected.erase(slot);
      deadlines.set(slot, kNever);
    } else {
      expected[slot] = at(static_cast<int>(random() % 1000));
      deadlines.set(slot, expected[slot]);
    }
    TimePoint first = kNever;
    for (const auto& [each, time] : expected) {
      REQUIRE(deadlines.of(each) == time);
      first = std::min(first, time);
    }
    REQUIRE(deadlines.first() == first);
    if (!expected.empty()) REQUIRE(expected.at(deadlines.first_slot()) == first);
  }
}

TEST_CASE("without deadlines there is none to wait for", "[supervisor][deadlines]") {
  Deadlines deadlines;
  CHECK(deadlines.first() == kNever);
  CHECK(deadlines.first_slot() == kNoSlot);
  deadlines.reserve(3);
  CHECK(deadlines.of(2) == kNever);
  deadlines.set(2, at(5));
  deadlines.set(2, kNever);
  CHECK(deadlines.first() == kNever);
  CHECK(deadlines.first_slot() == kNoSlot);
}
