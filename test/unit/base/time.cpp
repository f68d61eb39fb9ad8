// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Clock arithmetic and durations in words.
#include "base/time.hpp"
#include "support/test.hpp"

namespace zinit::test::base_time {

TEST_CASE("a deadline too far away is never", "[base][time]") {
  const TimePoint now{std::chrono::hours(1000)};
  CHECK(after(now, 5ms) == now + 5ms);
  CHECK(after(now, 0ms) == now);
  CHECK(after(now, Milliseconds::max()) == kNever);
  CHECK(after(kNever, 0ms) == kNever);
  CHECK(after(kNever, 1ms) == kNever);
  const TimePoint before = TimePoint{} - std::chrono::hours(1000);
  CHECK(after(before, 5ms) == before + 5ms);
  CHECK(after(before, Milliseconds::max()) == kNever);
}

TEST_CASE("time between is never negative", "[base][time]") {
  const TimePoint now{10s};
  CHECK(ms_between(now, now + 1500us) == 1);
  CHECK(ms_between(now, now) == 0);
  CHECK(ms_between(now + 5s, now) == 0);
}

TEST_CASE("durations read as people say them", "[base][time]") {
  CHECK(duration_text(0) == "0 ms");
  CHECK(duration_text(850) == "850 ms");
  CHECK(duration_text(1000) == "1.0 s");
  CHECK(duration_text(12449) == "12.4 s");
  CHECK(duration_text(59999) == "59.9 s");
  CHECK(duration_text(200000) == "3 min 20 s");
  CHECK(duration_text(3600000) == "1 h 0 min");
  CHECK(duration_text(18180000) == "5 h 3 min");
  CHECK(duration_text(353000000) == "4 d 2 h");
}

TEST_CASE("a duration is a sum of numbers with units", "[time]") {
  const std::pair<const char*, std::int64_t> right[] = {
      {"0s", 0},
      {"5s", 5000},
      {" 5 sec ", 5000},
      {"250ms", 250},
      {"1.5h", 5400000},
      {"2m", 120000},
      {"5min", 300000},
      {"1h 30min", 5400000},
      {"1h30m5s", 5405000},
      {"2 days", 172800000},
      {"1w", 604800000},
      {"0.1s", 100},
      {"0.1ms", 1},
      {"1.s", 1000},
      {".5s", 500},
      {"1.15s", 1150},
      {"0.0001w", 60480},
      {"9999999999999999w", 1'000'000'000'000'000}};
  for (const auto& [text, ms] : right) {
    CAPTURE(text);
    CHECK(parse_duration(text) == Milliseconds(ms));
  }
  CHECK(parse_duration("0." + std::string(400, '3') + "s") == Milliseconds(334));
  for (const char* text : {"", " ", "5", "s", "5x", "-5s", "5 5s", "1.5.s", "1h s", "inf s", "5S",
                           "1e3s", "infinity", ".s", "1.2.3s"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}

}  // namespace zinit::test::base_time
