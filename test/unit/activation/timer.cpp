// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The due times of a service's timer: activation/timer.hpp.
#include "activation/timer.hpp"
#include "support/test.hpp"

namespace zinit::test::activation_timer {
namespace {

constexpr std::int64_t kSecond = 1000000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kNow = std::int64_t{1780315200} * kSecond;  // 2026-06-01 12:00 UTC

Moment at(std::int64_t wall_us, std::int64_t monotonic_s) {
  return {wall_us, TimePoint(std::chrono::seconds(monotonic_s))};
}

ServiceTimer timer_of(const TimerSpec& spec) {
  ServiceTimer timer(spec, TimeZone::utc(), TimePoint{});
  REQUIRE(timer.fault().empty());
  return timer;
}

ServiceTimer daily() {
  TimerSpec spec;
  spec.calendar = {"daily"};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(kNow, 100), Milliseconds{0});
  return timer;
}

std::int64_t wall_of(const ServiceTimer& timer) { return timer.next().front().wall_us.value_or(0); }

TEST_CASE("a timer is due at the next time after it was loaded, and once", "[timer]") {
  ServiceTimer timer = daily();
  CHECK(wall_of(timer) == kNow + 12 * kHour);
  CHECK_FALSE(timer.due(at(kNow + 12 * kHour - 1, 43300)));
  const Moment then = at(kNow + 12 * kHour, 43300);
  REQUIRE(timer.due(then));
  timer.passed(then, true, Milliseconds{0});
  CHECK_FALSE(timer.due(then));
  CHECK(wall_of(timer) == kNow + 36 * kHour);
  CHECK(timer.stand().last_us == then.wall_us);
}

TEST_CASE("a time that passes while the service runs is no start", "[timer]") {
  ServiceTimer timer = daily();
  timer.passed(at(kNow + 12 * kHour, 43300), false, Milliseconds{0});
  CHECK(timer.stand().last_us == 0);
  CHECK(wall_of(timer) == kNow + 36 * kHour);
}

TEST_CASE("what a clock that is set passes over is due once", "[timer]") {
  ServiceTimer timer = daily();
  const Moment later = at(kNow + 400 * kDay, 101);
  timer.clock_set(later.wall_us);
  REQUIRE(timer.due(later));
  timer.passed(later, true, Milliseconds{0});
  CHECK_FALSE(timer.due(later));
  CHECK(wall_of(timer) == kNow + 400 * kDay + 12 * kHour);
}

TEST_CASE("what a clock that is set back goes back over is due again", "[timer]") {
  ServiceTimer timer = daily();
  timer.passed(at(kNow + 12 * kHour, 43300), true, Milliseconds{0});
  timer.clock_set(kNow + 11 * kHour);
  CHECK(wall_of(timer) == kNow + 12 * kHour);
}

TEST_CASE("a clock that was never set passes over nothing", "[timer]") {
  TimerSpec spec;
  spec.calendar = {"daily"};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(5 * kSecond, 5), Milliseconds{0});
  timer.clock_set(kNow);
  CHECK_FALSE(timer.due(at(kNow, 6)));
  CHECK(wall_of(timer) == kNow + 12 * kHour);
}

TEST_CASE("what was missed is due at once, and once", "[timer]") {
  ServiceTimer timer = daily();
  const Moment now = at(kNow, 100);
  SECTION("after ten days") {
    timer.catch_up({{kNow - 10 * kDay, kNow - 11 * kDay}}, now);
    CHECK(timer.stand().last_us == kNow - 11 * kDay);
    REQUIRE(timer.due(now));
    timer.passed(now, true, Milliseconds{0});
  }
  SECTION("after an hour nothing was") { timer.catch_up({{kNow - kHour, 0}}, now); }
  SECTION("a time that is still to come") { timer.catch_up({{kNow + 10 * kDay, 0}}, now); }
  SECTION("the first time nothing is") {
    timer.catch_up({}, now);
    CHECK(timer.stand().last_us == 0);
  }
  CHECK_FALSE(timer.due(now));
  CHECK(wall_of(timer) == kNow + 12 * kHour);
  CHECK(timer.stand().caught_up);
}

TEST_CASE("what was missed is put off by the random delay too", "[timer]") {
  TimerSpec spec;
  spec.calendar = {"daily"};
  spec.every = Milliseconds{kDay / 1000};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(kNow, 100), Milliseconds{5000});
  SECTION("while the machine was down") { timer.catch_up({{kNow - 10 * kDay, 0}}, at(kNow, 100)); }
  SECTION("while the clock was behind") { timer.clock_set(kNow + kDay); }
  const std::int64_t wall = timer.stand().not_before_us - 5 * kSecond;
  CHECK_FALSE(timer.due(at(wall + 5 * kSecond - 1, 104)));
  CHECK(timer.due(at(wall + 5 * kSecond, 105)));
  timer.passed(at(wall + 5 * kSecond, 105), true, Milliseconds{0});
  CHECK_FALSE(timer.due(at(wall + 6 * kSecond, 106)));
}

TEST_CASE("what was missed is known though the clock is set only later", "[timer]") {
  TimerSpec spec;
  spec.calendar = {"daily"};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(5 * kSecond, 5), Milliseconds{0});
  timer.catch_up({{kNow - 3 * kDay, kNow - 3 * kDay}}, at(9 * kSecond, 9));
  CHECK_FALSE(timer.due(at(10 * kSecond, 10)));
  timer.clock_set(kNow);
  CHECK(timer.due(at(kNow, 11)));
}

TEST_CASE("every_ms goes by the monotonic clock, from the last start", "[timer]") {
  TimerSpec spec;
  spec.every = Milliseconds{10000};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(kNow, 100), Milliseconds{0});
  timer.clock_set(kNow + 400 * kDay);
  CHECK_FALSE(timer.due(at(kNow + 400 * kDay, 109)));
  CHECK(timer.due(at(kNow, 110)));
  timer.started(kNow + 5 * kSecond, at(kNow + 10 * kSecond, 110));
  CHECK_FALSE(timer.due(at(kNow, 114)));
  CHECK(timer.due(at(kNow, 115)));
  SECTION("what was missed, before the machine's boot too") {
    timer.catch_up({{kNow - kHour, 0}}, at(kNow, 6));
    CHECK(timer.due(at(kNow, 6)));
  }
  SECTION("a clock that goes back delays it once") {
    timer.started(kNow + kHour, at(kNow, 115));
    CHECK_FALSE(timer.due(at(kNow, 124)));
    timer.started(kNow + kHour, at(kNow, 125));
    CHECK(timer.due(at(kNow, 125)));
  }
  SECTION("while the service runs") {
    timer.passed(at(kNow, 115), false, Milliseconds{0});
    CHECK_FALSE(timer.due(at(kNow, 124)));
    CHECK(timer.due(at(kNow, 125)));
  }
}

TEST_CASE("every_ms of a service that still runs is not due, and due on its grid afterwards",
          "[timer]") {
  TimerSpec spec;
  spec.every = Milliseconds{10000};
  spec.on_boot = Milliseconds{117000};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(kNow, 100), Milliseconds{0});
  timer.passed(at(kNow, 110), false, Milliseconds{0});
  timer.hold();
  CHECK(timer.held());
  CHECK(timer.next().front().at == kNever);
  CHECK(timer.due(at(kNow, 117)));  // on_boot_ms is
  timer.passed(at(kNow, 117), false, Milliseconds{0});
  CHECK_FALSE(timer.due(at(kNow, 200)));
  timer.release(at(kNow, 143));
  CHECK_FALSE(timer.held());
  CHECK_FALSE(timer.due(at(kNow, 149)));
  CHECK(timer.due(at(kNow, 150)));
  SECTION("in the next image, which does not know that it was held") {
    ServiceTimer next = timer_of(spec);
    next.go_on(timer.stand());
    next.passed(at(kNow, 163), false, Milliseconds{0});
    next.hold();
    next.release(at(kNow, 168));
    CHECK_FALSE(next.due(at(kNow, 169)));
    CHECK(next.due(at(kNow, 170)));
  }
  SECTION("within the first period") {
    timer.hold();
    timer.release(at(kNow, 149));
    CHECK(timer.due(at(kNow, 150)));
  }
  SECTION("without end") {
    spec.every = Milliseconds::max();
    ServiceTimer never = timer_of(spec);
    never.begin(at(kNow, 100), Milliseconds::max());
    never.hold();
    never.release(at(kNow, 1000000));
    CHECK(never.next().front().at == kNever);
  }
}

TEST_CASE("on_boot_ms is once, and at once if it is over", "[timer]") {
  TimerSpec spec;
  spec.on_boot = Milliseconds{50000};
  spec.every = Milliseconds{1000000};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(kNow, 40), Milliseconds{0});
  CHECK_FALSE(timer.due(at(kNow, 49)));
  REQUIRE(timer.due(at(kNow, 50)));
  timer.passed(at(kNow, 50), true, Milliseconds{0});
  CHECK_FALSE(timer.due(at(kNow, 1049)));
  CHECK(timer.due(at(kNow, 1050)));
  ServiceTimer late = timer_of(spec);
  late.begin(at(kNow, 3000), Milliseconds{0});
  CHECK(late.due(at(kNow, 3000)));
}

TEST_CASE("a random delay puts off what is due next", "[timer]") {
  ServiceTimer timer = daily();
  timer.passed(at(kNow + 12 * kHour, 43300), true, Milliseconds{1500});
  CHECK(wall_of(timer) == kNow + 36 * kHour + kSecond + kSecond / 2);
}

TEST_CASE("huge delays make a timer that is never due", "[timer]") {
  TimerSpec spec;
  spec.every = Milliseconds::max();
  spec.random_delay = Milliseconds::max();
  spec.calendar = {"daily"};
  ServiceTimer timer = timer_of(spec);
  timer.begin(at(kNow, 100), Milliseconds::max());
  CHECK(timer.next().back().at == kNever);
  CHECK(wall_of(timer) > kNow + 1000 * kDay);
}

TEST_CASE("the zone that is gone, and what is wrong, is left out and told", "[timer]") {
  TimerSpec spec;
  spec.calendar = {"daily Europe/Nowhere", "hourly"};
  const ServiceTimer timer(spec, TimeZone::utc(), TimePoint{});
  CHECK_THAT(timer.fault(), Catch::Contains("Europe/Nowhere"));
}

TEST_CASE("where a timer stands outlasts a re-execution", "[timer]") {
  ServiceTimer::Stand stand{
      5, 4, -6, TimePoint(TimePoint::duration(-7)), 3, true, Milliseconds{8}, true};
  for (const std::optional<std::int64_t> owed : {std::optional<std::int64_t>{}, {-12}, {0}}) {
    stand.owed = owed;
    const auto read = parse_stand(stand_text(stand));
    REQUIRE(read);
    CHECK(*read == stand);
  }
  for (const char* bad : {"", "1 2 3 4 5 6 7", "1 2 3 4 5 6 7 x", "1 2 3 4 5 6 7 8 x",
                          "1 2 3 4 5 6 7 8 9 10", "99999999999999999999 0 0 0 0 0 0 0"})
    CHECK_FALSE(parse_stand(bad));
}

}  // namespace
}  // namespace zinit::test::activation_timer
