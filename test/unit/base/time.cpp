// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Clock arithmetic and durations in words.
#include "base/time.hpp"
#include "support/test.hpp"

namespace zinit::test::base_time {

TEST_CASE("a deadline too far away is never", "[base][time]") {
  for (const TimePoint now : {TimePoint{1000h}, TimePoint{-1000h}}) {
    CHECK(after(now, 5ms) == now + 5ms);
    CHECK(after(now, 0ms) == now);
    CHECK(after(now, Milliseconds::max()) == kNever);
  }
  CHECK(after(kNever, 0ms) == kNever);
  CHECK(after(kNever, 1ms) == kNever);
}

TEST_CASE("time between is never negative", "[base][time]") {
  const TimePoint now{10s};
  CHECK(ms_between(now, now + 1500us) == 1);
  CHECK(ms_between(now, now) == 0);
  CHECK(ms_between(now + 5s, now) == 0);
}

TEST_CASE("a duration is read as a sum of numbers with units, and shown as people say it",
          "[base][time]") {
  CHECK_GOLDEN_ROWS("durations", [](const std::string& row) -> std::string {
    if (row.starts_with("show ")) return duration_text(std::stoll(row.substr(5)));
    const auto read = parse_duration(row.substr(1, row.size() - 2));  // in quotes
    return read ? std::to_string(read->count()) + " ms" : "none";
  });
  CHECK(parse_duration("0." + std::string(400, '3') + "s") == Milliseconds(334));
}

}  // namespace zinit::test::base_time
