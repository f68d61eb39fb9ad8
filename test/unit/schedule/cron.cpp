// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Cron expressions, with results worked out by hand from crontab(5) and cron(8).
#include <string>
#include <vector>

#include "schedule/cron.hpp"
#include "support/catch.hpp"
#include "unit/schedule/zone_file.hpp"

namespace schedule_cron_test {

using namespace zinit;
using namespace zinit::test;

namespace {

struct CronRow {
  const char* text;
  const char* zone;
  const char* after;
  std::vector<std::string> next;  // UTC
  const char* why;
};

// 2026 begins on a Thursday. Clocks in Berlin go from 2:00 to 3:00 on 29 March (1:00 UTC), and from
// 3:00 to 2:00 on 25 October (1:00 UTC); in Santiago from 0:00 to 1:00 on 6 September (4:00 UTC).
const CronRow kCronRows[] = {
    {"* * * * *",
     "UTC",
     "2026-01-01 00:00:30",
     {"2026-01-01 00:01:00", "2026-01-01 00:02:00"},
     "every minute, at its second 0"},
    {"*/20 * * * *",
     "UTC",
     "2026-01-01 00:40",
     {"2026-01-01 01:00:00", "2026-01-01 01:20:00"},
     "steps begin again each hour"},
    {"*/25 * * * *",
     "UTC",
     "2026-01-01 00:50",
     {"2026-01-01 01:00:00", "2026-01-01 01:25:00", "2026-01-01 01:50:00", "2026-01-01 02:00:00"},
     "also where they do not divide it"},
    {"*/90 * * * *",
     "UTC",
     "2026-01-01 00:50",
     {"2026-01-01 01:00:00", "2026-01-01 02:00:00"},
     "a step beyond the last value leaves the first"},
    {"5,35 8-10/2 * * *",
     "UTC",
     "2026-01-01 08:05",
     {"2026-01-01 08:35:00", "2026-01-01 10:05:00", "2026-01-01 10:35:00", "2026-01-02 08:05:00"},
     "lists, and a range with a step"},
    {"0 0 1 jan *", "UTC", "2026-01-01 00:00", {"2027-01-01 00:00:00"}, "strictly later"},
    {"0 12 * JAN-Mar,dec *",
     "UTC",
     "2026-03-31 12:00",
     {"2026-12-01 12:00:00"},
     "names of months, as a range and in a list"},
    {"0 0 29 2 *",
     "UTC",
     "2026-01-01 00:00",
     {"2028-02-29 00:00:00", "2032-02-29 00:00:00"},
     "leap years"},
    {"0 0 30 2 *", "UTC", "2026-01-01 00:00", {"never"}, "taken, though it never comes"},
    {"0 0 31 * *",
     "UTC",
     "2026-01-31 00:00",
     {"2026-03-31 00:00:00", "2026-05-31 00:00:00"},
     "months without a 31st are left out"},
    {"0 0 * * 0",
     "UTC",
     "2026-01-01 00:00",
     {"2026-01-04 00:00:00", "2026-01-11 00:00:00"},
     "0 is Sunday"},
    {"0 0 * * 7",
     "UTC",
     "2026-01-01 00:00",
     {"2026-01-04 00:00:00", "2026-01-11 00:00:00"},
     "and so is 7"},
    {"0 0 * * sun", "UTC", "2026-01-01 00:00", {"2026-01-04 00:00:00"}, "and so is its name"},
    {"0 0 * * 5-7",
     "UTC",
     "2026-01-01 00:00",
     {"2026-01-02 00:00:00", "2026-01-03 00:00:00", "2026-01-04 00:00:00", "2026-01-09 00:00:00"},
     "a range may end in 7"},
    {"0 9 * * Mon-FRI",
     "UTC",
     "2026-01-02 09:00",
     {"2026-01-05 09:00:00"},
     "names of weekdays, as a range"},
    {"0 0 13 * 5",
     "UTC",
     "2026-01-09 00:00",
     {"2026-01-13 00:00:00", "2026-01-16 00:00:00", "2026-01-23 00:00:00"},
     "day of month or day of week: each 13th, each Friday"},
    {"0 0 */2 * 1",
     "UTC",
     "2026-01-01 00:00",
     {"2026-01-05 00:00:00", "2026-01-19 00:00:00", "2026-02-09 00:00:00"},
     "`*/2` says nothing about the day of month, so both must match: Mondays of odd date"},
    {"0 0 13 * */5",
     "UTC",
     "2026-01-01 00:00",
     {"2026-02-13 00:00:00", "2026-03-13 00:00:00"},
     "and so it is the other way round: 0 and 5, the 13ths that are Sunday or Friday"},
    {"0 0 1-31 * 1",
     "UTC",
     "2026-01-01 00:00",
     {"2026-01-02 00:00:00"},
     "`1-31` says something, though it is every day"},
    {"@hourly", "UTC", "2026-01-01 00:00", {"2026-01-01 01:00:00"}, "0 * * * *"},
    {"@daily", "UTC", "2026-01-01 00:00", {"2026-01-02 00:00:00"}, "0 0 * * *"},
    {"@midnight", "UTC", "2026-01-01 00:00", {"2026-01-02 00:00:00"}, "0 0 * * *"},
    {"@weekly", "UTC", "2026-01-01 00:00", {"2026-01-04 00:00:00"}, "0 0 * * 0"},
    {"@monthly", "UTC", "2026-01-01 00:00", {"2026-02-01 00:00:00"}, "0 0 1 * *"},
    {"@Yearly", "UTC", "2026-01-01 00:00", {"2027-01-01 00:00:00"}, "0 0 1 1 *"},
    {"@annually", "UTC", "2026-01-01 00:00", {"2027-01-01 00:00:00"}, "0 0 1 1 *"},
    {" 0\t0  1 1\t* ", "UTC", "2026-01-01 00:00", {"2027-01-01 00:00:00"}, "any blanks"},

    {"30 2 * * *",
     "Europe/Berlin",
     "2026-03-28 02:00",
     {"2026-03-29 01:00:00", "2026-03-30 00:30:00"},
     "made up for at 3:00, right after the gap"},
    {"10,40 2 * * *",
     "Europe/Berlin",
     "2026-03-28 02:00",
     {"2026-03-29 01:00:00", "2026-03-30 00:10:00"},
     "two of them together"},
    {"0 2,3 * * *",
     "Europe/Berlin",
     "2026-03-28 23:00",
     {"2026-03-29 01:00:00", "2026-03-30 00:00:00", "2026-03-30 01:00:00"},
     "together with what is due at 3:00 anyway"},
    {"0 0 * * *",
     "America/Santiago",
     "2026-09-05 12:00",
     {"2026-09-06 04:00:00", "2026-09-07 03:00:00"},
     "a gap at midnight: at 1:00 of that day"},
    {"0 * * * *",
     "Europe/Berlin",
     "2026-03-28 23:30",
     {"2026-03-29 00:00:00", "2026-03-29 01:00:00", "2026-03-29 02:00:00"},
     "every hour of real time"},
    {"*/15 2 * * *",
     "Europe/Berlin",
     "2026-03-28 02:00",
     {"2026-03-30 00:00:00", "2026-03-30 00:15:00"},
     "by real time there is no hour 2 on that day"},
    {"30 2 * * *",
     "Europe/Berlin",
     "2026-10-24 02:00",
     {"2026-10-25 00:30:00", "2026-10-26 01:30:00"},
     "in a fold once, the first time"},
    {"30 2 * * *",
     "Europe/Berlin",
     "2026-10-25 01:10",
     {"2026-10-26 01:30:00"},
     "also for one that is loaded between"},
    {"0 3 * * *",
     "Europe/Berlin",
     "2026-10-25 01:10",
     {"2026-10-25 02:00:00"},
     "what comes after the fold is not taken for over"},
    {"*/30 * * * *",
     "Europe/Berlin",
     "2026-10-24 23:50",
     {"2026-10-25 00:00:00", "2026-10-25 00:30:00", "2026-10-25 01:00:00", "2026-10-25 01:30:00",
      "2026-10-25 02:00:00"},
     "every half hour of real time, through the fold"},
    {"30 * * * *",
     "Europe/Berlin",
     "2026-10-25 00:10",
     {"2026-10-25 00:30:00", "2026-10-25 01:30:00", "2026-10-25 02:30:00"},
     "as is every hour"},
    {"*/30 2 * * *",
     "Europe/Berlin",
     "2026-10-24 12:00",
     {"2026-10-25 00:00:00", "2026-10-25 00:30:00", "2026-10-25 01:00:00", "2026-10-25 01:30:00",
      "2026-10-26 01:00:00"},
     "by real time there are two hours 2 on that day"},
};

struct RefusedCron {
  const char* text;
  const char* told;
};

constexpr RefusedCron kRefusedCrons[] = {
    {"", "0 fields, where cron has five"},
    {"x", "\"x\": 1 field, where cron has five"},
    {"* * * *", "4 fields, where cron has five: minute, hour, day of month, month, day of week"},
    {"0 * * * * *",
     "6 fields, where cron has five: minute, hour, day of month, month, day of "
     "week; it has none for seconds (`calendar` has) or for a user"},
    {"@reboot", "\"@reboot\": not a time; use on_boot_ms"},
    {" @Reboot", "not a time; use on_boot_ms"},
    {"@fortnightly", "\"@fortnightly\": expected one of @hourly, @daily"},
    {"60 * * * *", "\"60 * * * *\": \"60\" in the minute: expected `*`, 0 to 59, a range"},
    {"* 24 * * *", "\"24\" in the hour: expected `*`, 0 to 23, a range"},
    {"* * 0 * *", "\"0\" in the day of month"},
    {"* * 32 * *", "\"32\" in the day of month"},
    {"* * * 13 *", "\"13\" in the month: expected `*`, 1 to 12 or a name of three letters"},
    {"* * * mon *", "\"mon\" in the month"},
    {"* * * * 8", "\"8\" in the day of week"},
    {"* * * * monday", "\"monday\" in the day of week"},
    {"-1 * * * *", "\"-1\" in the minute"},
    {"+1 * * * *", "\"+1\" in the minute"},
    {"1--2 * * * *", "\"1--2\" in the minute"},
    {"1, * * * *", "\"\" in the minute"},
    {"5-3 * * * *", "\"5-3\" in the minute: expected a range that goes forward"},
    {"* * * * fri-mon", "expected a range that goes forward"},
    {"5/10 * * * *", "expected a range before the step: 5-59/n"},
    {"*/0 * * * *", "expected a step of at least 1"},
    {"*/-1 * * * *", "expected a step of at least 1"},
    {"*/x * * * *", "expected a step of at least 1"},
    {"** * * * *", "\"**\" in the minute"},
    {"1.5 * * * *", "\"1.5\" in the minute"},
};

}  // namespace

TEST_CASE("cron expressions are due when crontab says so", "[schedule][cron]") {
  for (const auto& [text, zone, after, next, why] : kCronRows) {
    INFO(text << " in " << zone << ": " << why);
    const auto spec = CronSpec::parse(text);
    REQUIRE(spec);
    CHECK(next_times(*spec, after, zone_by_rule(zone), next.size()) == next);
  }
}

TEST_CASE("what a gap leaves over is due until the moment after it", "[schedule][cron]") {
  const auto spec = CronSpec::parse("30 2 * * *");
  const TimeZone berlin = zone_by_rule("Europe/Berlin");
  const std::int64_t gap = utc_seconds("2026-03-29 01:00:00") * 1'000'000;
  CHECK(spec->next_after(gap - 1, berlin) == gap);
  CHECK(spec->next_after(gap, berlin) == utc_seconds("2026-03-30 00:30:00") * 1'000'000);
}

TEST_CASE("a wrong cron expression is refused with what is expected", "[schedule][cron]") {
  for (const auto& [text, told] : kRefusedCrons) {
    INFO(text);
    const auto spec = CronSpec::parse(text);
    REQUIRE(!spec);
    CHECK_THAT(spec.error().text, Catch::Contains(told));
  }
  CHECK(!CronSpec::parse(std::string(1025, ' ')));
  CHECK(CronSpec::parse("*/9223372036854775807 * * * *"));
}

}  // namespace schedule_cron_test
