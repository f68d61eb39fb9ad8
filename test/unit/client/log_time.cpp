// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Points in time of `logs --since`.
#include "client/times.hpp"
#include "support/test.hpp"

namespace zinit::test::client_log_time {
namespace {

constexpr std::int64_t kSecond = 1000000;
constexpr std::int64_t kNow = std::int64_t{1769862896} * kSecond;  // 2026-01-31T12:34:56Z

std::int64_t local(int year, int month, int day, int hour, int minute, int second) {
  std::tm time{};
  time.tm_year = year - 1900;
  time.tm_mon = month - 1;
  time.tm_mday = day;
  time.tm_hour = hour;
  time.tm_min = minute;
  time.tm_sec = second;
  time.tm_isdst = -1;
  return static_cast<std::int64_t>(::mktime(&time)) * kSecond;
}

TEST_CASE("a time is so long ago, or one of the day, or a date", "[client]") {
  CHECK(parse_past_time("0s", kNow) == kNow);
  CHECK(parse_past_time("90s", kNow) == kNow - 90 * kSecond);
  CHECK(parse_past_time("10m", kNow) == kNow - 600 * kSecond);
  CHECK(parse_past_time("2h", kNow) == kNow - 7200 * kSecond);
  CHECK(parse_past_time("1d", kNow) == kNow - 86400 * kSecond);
  CHECK(parse_past_time("2026-01-31T12:34:56Z", 0) == kNow);
  CHECK(parse_past_time("2026-01-31t12:34:56.25z", 0) == kNow + 250000);
  CHECK(parse_past_time("2026-01-31T14:04:56+01:30", 0) == kNow);
  CHECK(parse_past_time("2026-01-31T05:34:56-07:00", 0) == kNow);
  CHECK(parse_past_time("2026-01-31 12:34:56", 0) == local(2026, 1, 31, 12, 34, 56));
  CHECK(parse_past_time("2026-01-31", 0) == local(2026, 1, 31, 0, 0, 0));
  CHECK(parse_past_time("today", local(2026, 3, 1, 8, 30, 0)) == local(2026, 3, 1, 0, 0, 0));
  CHECK(parse_past_time("yesterday", local(2026, 3, 1, 8, 30, 0)) == local(2026, 2, 28, 0, 0, 0));
  CHECK(parse_past_time("2024-02-29 00:00", 0) == local(2024, 2, 29, 0, 0, 0));
}

TEST_CASE("a time of the day is the last one", "[client]") {
  const std::int64_t now = local(2026, 3, 2, 12, 0, 0);
  CHECK(parse_past_time("11:59", now) == local(2026, 3, 2, 11, 59, 0));
  CHECK(parse_past_time("12:00:00", now) == now);
  CHECK(parse_past_time("12:00:01", now) == local(2026, 3, 1, 12, 0, 1));
  const std::int64_t first = local(2026, 3, 1, 1, 0, 0);
  CHECK(parse_past_time("23:00", first) == local(2026, 2, 28, 23, 0, 0));
}

TEST_CASE("what is no time is none", "[client]") {
  for (const char* text : {"",
                           "s",
                           "1",
                           "1x",
                           "-1s",
                           "1.5.h",
                           "1h s",
                           "5 5s",
                           "1:00",
                           "24:00",
                           "12:60",
                           "12:00:61",
                           "12:00:",
                           "12:00 ",
                           "2026-02-29T12:00:00Z",
                           "2026-13-01T12:00:00Z",
                           "2026-00-01T12:00:00Z",
                           "2026-01-00T12:00:00Z",
                           "2026-01-31T",
                           "2026-01-31T12:34:56.Z",
                           "2026-01-31T12:34:56+0100",
                           "2026-01-31T12:34:56Zx",
                           "tomorrow",
                           "2026-02-30"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_past_time(text, kNow));
  }
}

TEST_CASE("a time is written as RFC 3339 has it", "[client]") {
  CHECK(rfc3339_text(kNow, 0) == "2026-01-31T12:34:56+00:00");
  CHECK(rfc3339_text(kNow, 37800) == "2026-01-31T23:04:56+10:30");
  CHECK(rfc3339_text(kNow, -12600) == "2026-01-31T09:04:56-03:30");
  CHECK(rfc3339_text(kNow + 250, 0) == "2026-01-31T12:34:56.000250+00:00");
  CHECK(rfc3339_text(0, 3600) == "1970-01-01T01:00:00+01:00");
  // As in Liberia until 1972: the text still gives the same moment.
  CHECK(rfc3339_text(0, -2670) == "1969-12-31T23:16:00-00:44");
}

}  // namespace
}  // namespace zinit::test::client_log_time
