// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The next times of a calendar expression. systemd-analyze made the large table,
// table.golden.
#include <cctype>

#include "base/text.hpp"
#include "schedule/calendar.hpp"
#include "support/test.hpp"
#include "unit/schedule/zone_file.hpp"

namespace zinit::test::schedule_next {
namespace {

Texts next_calendar(const char* text, const char* after, const char* zone, std::size_t count) {
  const auto spec = CalendarSpec::parse(text);
  REQUIRE(spec);
  return next_times(*spec, after, zone_by_rule(zone), count);
}

/// The spec's row of the table as zinit computes it. systemd-analyze leaves out fractions of
/// seconds: the test ignores them only if the expression has some.
std::string as_row(const CalendarSpec& spec, std::int64_t after, const TimeZone& zone) {
  std::string row = spec.normalized() + " |";
  bool fractions = false;  // "00.500000", but not the range "00..05"
  for (std::size_t at = 0; (at = row.find('.', at)) != row.npos; at += row[at + 1] == '.' ? 2 : 1)
    fractions |= row[at + 1] != '.';
  std::int64_t us = after * 1'000'000;
  for (int i = 0; i < 5; ++i) {
    const auto next = spec.next_after(us, zone);
    if (!next) return row + " never";
    row += fmt::format(" {}", *next / 1'000'000 - us / 1'000'000);
    if (!fractions && *next % 1'000'000 != 0) row += fmt::format(".{:06}", *next % 1'000'000);
    us = *next;
  }
  return row;
}

TEST_CASE("the next times are those of systemd", "[schedule]") {
  TimeZone zone = TimeZone::utc();
  std::int64_t after = 0;
  std::string block;
  int rows = 0;
  const bool zones = TimeZone::load("Europe/Berlin").has_value();
  bool left_out = false;
  const std::string table = golden_text("table", __FILE__);
  for (const std::string_view line : split(trim(table), '\n')) {
    if (line.starts_with('#')) continue;
    const auto words = split(line, ' ');
    if (words[0] == "zone") {
      block = line;
      zone = zone_by_rule(words[1]);
      after = utc_seconds(std::string(words[2]) + " " + std::string(words[3]));
      continue;
    }
    INFO(block << ": " << line);
    const std::size_t middle = line.find(" => ");
    REQUIRE(middle != line.npos);
    const std::string_view text = line.substr(0, middle);
    ++rows;
    if (!zones && text.find_last_of('/') != text.npos && std::isalpha(text.back()) != 0) {
      left_out = true;
      continue;
    }
    const auto spec = CalendarSpec::parse(text);
    REQUIRE(spec);
    CHECK(as_row(*spec, after, zone) == line.substr(middle + 4));
  }
  CHECK(rows >= 400);
  if (left_out) skip("needs the zones of tzdata");
}

TEST_CASE("microseconds count", "[schedule]") {
  CHECK(next_calendar("0:0:59.25,59.999999", "2026-01-01 00:00:59", "UTC", 3) ==
        Texts{"2026-01-01 00:00:59.250000", "2026-01-01 00:00:59.999999",
              "2026-01-02 00:00:59.250000"});
  CHECK(next_calendar("*:*:0..1/0.4", "2026-01-01 00:00:00", "UTC", 4) ==
        Texts{"2026-01-01 00:00:00.400000", "2026-01-01 00:00:00.800000", "2026-01-01 00:01:00",
              "2026-01-01 00:01:00.400000"});
  const auto spec = CalendarSpec::parse("*:*:0/0.000001");
  CHECK(spec->next_after(1'234'567, TimeZone::utc()) == 1'234'568);
}

// After a step beyond the end of its unit, systemd 252 goes on with the remainder.
TEST_CASE("a step past the end of its unit loses nothing of the next one", "[schedule]") {
  CHECK(next_calendar("*:*:0/7.3", "2026-01-01 00:00:52", "UTC", 2) ==
        Texts{"2026-01-01 00:00:58.400000", "2026-01-01 00:01:00"});  // not 00:01:07.3
  CHECK(next_calendar("1/7:0", "2026-01-31 20:00", "UTC", 2) ==
        Texts{"2026-01-31 22:00:00", "2026-02-01 01:00:00"});  // not at 08:00
  CHECK(next_calendar("*-*-5,18/10", "2026-12-28 00:00", "UTC", 1) ==
        Texts{"2027-01-05 00:00:00"});  // not on the 18th
  CHECK(next_calendar("*-*-1/9", "2027-12-30 18:14:59", "Asia/Kathmandu", 2) ==
        Texts{"2027-12-31 18:15:00", "2028-01-09 18:15:00"});  // not first on the 10th
  CHECK(next_calendar("*:7/23", "2027-12-30 18:14:59", "Asia/Kathmandu", 2) ==
        Texts{"2027-12-30 18:22:00", "2027-12-30 18:45:00"});  // not at 0:30 there
}

// systemd 252 gives up with an error, or skips the rest of the day.
TEST_CASE("a gap takes nothing but what lies in it", "[schedule]") {
  CHECK(next_calendar("0/6:00", "2026-09-05 20:00", "America/Santiago", 3) ==
        Texts{"2026-09-05 22:00:00", "2026-09-06 09:00:00", "2026-09-06 15:00:00"});
  CHECK(next_calendar("1,2,3:5", "2026-03-28 23:20", "Europe/Dublin", 2) ==
        Texts{"2026-03-29 01:05:00", "2026-03-29 02:05:00"});
}

TEST_CASE("a whole day may be left out", "[schedule]") {
  // As in Samoa, where 31 December 2011 followed the 29th.
  const auto samoa = ZoneFile{.first_offset = -36000, .changes = {{1325239200, 50400}}}.zone();
  const auto spec = CalendarSpec::parse("12:00");
  CHECK(next_times(*spec, "2011-12-29 00:00:00", samoa, 3) ==
        Texts{"2011-12-29 22:00:00", "2011-12-30 22:00:00", "2011-12-31 22:00:00"});
}

TEST_CASE("in a fold the first time counts, unless it is over", "[schedule]") {
  CHECK(next_calendar("2:30", "2026-10-25 00:29:59", "Europe/Berlin", 2) ==
        Texts{"2026-10-25 00:30:00", "2026-10-26 01:30:00"});
  CHECK(next_calendar("2:30", "2026-10-25 01:00:00", "Europe/Berlin", 1) ==
        Texts{"2026-10-25 01:30:00"});
}

TEST_CASE("what never comes again, never comes", "[schedule]") {
  for (const char* text :
       {"*-2-30", "*-2,4,6,9,11-31", "Mon 2026-11-24", "2025-*-*", "@1", "Mon 2026-11-24 *:*:*",
        "Sun *-2-30,31 *:*:0/0.000001", "Sun *-3-8..14 2:0/2:0/0.000001"}) {  // this is the gap
    INFO(text);
    CHECK(next_calendar(text, "2026-11-25 00:00", "America/New_York", 1) == Texts{"never"});
  }
  CHECK(next_calendar("2199-12-31 23:59:59.999999", "2199-12-31 00:00", "UTC", 2) ==
        Texts{"2199-12-31 23:59:59.999999", "never"});
}

TEST_CASE("any time can be asked for the next one", "[schedule]") {
  using Limits = std::numeric_limits<std::int64_t>;
  const auto spec = CalendarSpec::parse("*:*:*");
  for (const char* name : {"UTC", "Europe/Berlin", "Asia/Kolkata"}) {
    const TimeZone zone = zone_by_rule(name);
    CHECK(spec->next_after(Limits::min(), zone) == 0);
    CHECK(spec->next_after(-1, zone) == 0);
    CHECK(spec->next_after(0, zone) == 1'000'000);
    CHECK(!spec->next_after(Limits::max(), zone));
    CHECK(!spec->next_after(utc_seconds("2200-01-02 00:00") * 1'000'000, zone));
  }
}

TEST_CASE("an expression's own zone is used instead of the machine's", "[schedule]") {
  CHECK(next_calendar("0:00 UTC", "2026-06-01 12:00", "Asia/Kolkata", 1) ==
        Texts{"2026-06-02 00:00:00"});
  if (!TimeZone::load("Asia/Kolkata")) return skip("needs the zones of tzdata");
  CHECK(next_calendar("0:00 Asia/Kolkata", "2026-06-01 12:00", "Europe/Berlin", 1) ==
        Texts{"2026-06-01 18:30:00"});
  CHECK(CalendarSpec::parse("daily Asia/Kolkata")->normalized() == "*-*-* 00:00:00 Asia/Kolkata");
}

}  // namespace
}  // namespace zinit::test::schedule_next
