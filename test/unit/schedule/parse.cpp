// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calendar expressions: which are accepted, their normal form, and the messages about refused ones.
// Each row of parse.golden was compared with systemd-analyze of systemd 252; comments note
// differences of zinit. And expressions of cron; cron.golden has results worked out by hand from
// crontab(5) and cron(8).
#include "base/text.hpp"
#include "schedule/calendar.hpp"
#include "schedule/cron.hpp"
#include "support/test.hpp"
#include "unit/schedule/zone_file.hpp"

namespace zinit::test::schedule_parse {

TEST_CASE(
    "a calendar time is written out in full and means the same then, or is refused with the "
    "place and what is expected",
    "[schedule]") {
  CHECK_GOLDEN_ROWS("parse", [](const std::string& text) {
    const auto spec = CalendarSpec::parse(text);
    if (!spec) return spec.error().text;
    const auto again = CalendarSpec::parse(spec->normalized());
    return again && again->normalized() == spec->normalized() ? spec->normalized() : "?";
  });
  CHECK_THAT(CalendarSpec::parse("\x1b[2J").error().text, StartsWith("\"\\x1b[2J\" at character "));
  CHECK(!CalendarSpec::parse("0:0\0"s));
  CHECK(!CalendarSpec::parse("Mon\0"s));
  CHECK(!CalendarSpec::parse("\xff\xff"));
}

TEST_CASE("text and lists of a calendar time have limits, and a long text is shortened",
          "[schedule]") {
  const auto list = [](std::size_t count) {
    std::string text = "*:0";
    for (std::size_t i = 1; i < count; ++i) text += ",0";
    return CalendarSpec::parse(text);
  };
  CHECK(list(240)->normalized() == "*-*-* *:00:00");
  CHECK_THAT(list(241).error().text, Contains("at most 240 values"));
  CHECK_THAT(list(1000).error().text, Contains("at most 1024 bytes"));
  const std::string text = CalendarSpec::parse(std::string(1000, 'x')).error().text;
  CHECK_THAT(text, Contains("xxx...\" at character 1: expected"));
  CHECK(text.size() < 200);
}

TEST_CASE("cron expressions are due when crontab says so, or refused with what is expected",
          "[schedule][cron]") {
  CHECK_GOLDEN_ROWS("cron", due_times<CronSpec>);
  const auto spec = CronSpec::parse(" 0\t0  1 1\t* ");
  REQUIRE(spec);
  CHECK(next_times(*spec, "2026-01-01 00:00", zone_by_rule("UTC"), 1).at(0) ==
        "2027-01-01 00:00:00");
  CHECK(!CronSpec::parse(std::string(1025, ' ')));
  CHECK(CronSpec::parse("*/9223372036854775807 * * * *"));
}

TEST_CASE("what a gap leaves over is due until the moment after it", "[schedule][cron]") {
  const auto spec = CronSpec::parse("30 2 * * *");
  const TimeZone berlin = zone_by_rule("Europe/Berlin");
  const std::int64_t gap = utc_seconds("2026-03-29 01:00:00") * 1'000'000;
  CHECK(spec->next_after(gap - 1, berlin) == gap);
  CHECK(spec->next_after(gap, berlin) == utc_seconds("2026-03-30 00:30:00") * 1'000'000);
}

}  // namespace zinit::test::schedule_parse
