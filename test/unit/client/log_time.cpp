// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Points in time of `logs --since`.
#include "client/times.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_log_time {

constexpr std::int64_t kNow = 1'772'366'400'000'000;  // 2026-03-01 12:00:00 UTC

TEST_CASE("a time is so long ago, the last one of the day, or a date", "[client]") {
  const TimeZone east("XYZ-2");
  CHECK_GOLDEN_ROWS("log_time", [](const std::string& text) {
    const auto time = parse_past_time(text, kNow);
    return time ? rfc3339_text(*time, 7200) : "none"s;
  });
}

TEST_CASE("a time is written as RFC 3339 has it", "[client]") {
  CHECK(rfc3339_text(kNow, 0) == "2026-03-01T12:00:00+00:00");
  CHECK(rfc3339_text(kNow, 37800) == "2026-03-01T22:30:00+10:30");
  CHECK(rfc3339_text(kNow, -12600) == "2026-03-01T08:30:00-03:30");
  CHECK(rfc3339_text(kNow + 250, 0) == "2026-03-01T12:00:00.000250+00:00");
  CHECK(rfc3339_text(0, 3600) == "1970-01-01T01:00:00+01:00");
  // As in Liberia until 1972: the text still gives the same moment.
  CHECK(rfc3339_text(0, -2670) == "1969-12-31T23:16:00-00:44");
}

}  // namespace zinit::test::client_log_time
