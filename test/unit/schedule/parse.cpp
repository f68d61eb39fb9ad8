// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calendar expressions: which are accepted, their normal form, and the messages about refused ones.
// Each row was compared with systemd-analyze of systemd 252; comments note differences of zinit.
#include <string>

#include "base/text.hpp"
#include "schedule/calendar.hpp"
#include "support/catch.hpp"
#include "unit/schedule/zone_file.hpp"

namespace schedule_parse_test {

using namespace zinit;

namespace {

struct Written {
  const char* text;
  const char* normal;
};

constexpr Written kWritten[] = {
    // weekdays
    {"Mon", "Mon *-*-* 00:00:00"},
    {"monday", "Mon *-*-* 00:00:00"},
    {"SUN,sat", "Sat,Sun *-*-* 00:00:00"},
    {"Mon,", "Mon *-*-* 00:00:00"},
    {"Mon, 10:00", "Mon *-*-* 10:00:00"},
    {"Mon..Fri 8:30", "Mon..Fri *-*-* 08:30:00"},
    {"Mon-Fri 8:30", "Mon..Fri *-*-* 08:30:00"},
    {"Thursday..Saturday,Mon..Tue", "Mon,Tue,Thu..Sat *-*-* 00:00:00"},
    {"Mon..Mon", "Mon *-*-* 00:00:00"},
    {"Mon..Sun", "*-*-* 00:00:00"},
    {"Mon   5-6", "Mon *-05-06 00:00:00"},
    {"Mon 5-6 ", "Mon *-05-06 00:00:00"},
    // dates
    {"2026-7-4", "2026-07-04 00:00:00"},
    {"7-4", "*-07-04 00:00:00"},
    {"*-*-*", "*-*-* 00:00:00"},
    {"26-1-1", "2026-01-01 00:00:00"},
    {"69-1-1", "2069-01-01 00:00:00"},
    {"70-1-1", "1970-01-01 00:00:00"},
    {"99-1-1", "1999-01-01 00:00:00"},
    {"0-1-1", "2000-01-01 00:00:00"},
    {"26..28,30/5-1-1", "2026..2028,2030/5-01-01 00:00:00"},
    {"*-7,1,4,1-15", "*-01,04,07-15 00:00:00"},
    {"*-1/3-1", "*-01/3-01 00:00:00"},
    {"*-*-1..7", "*-*-01..07 00:00:00"},
    {"*-*-1..8/2", "*-*-01..07/2 00:00:00"},
    {"*-*-1..2/2", "*-*-01 00:00:00"},
    {"*-*-5..5", "*-*-05 00:00:00"},
    {"*-*-2..6/1", "*-*-02..06 00:00:00"},
    {"2~1", "*-02~01 00:00:00"},
    {"*-2~3", "*-02~03 00:00:00"},
    {"*-*~28", "*-*~28 00:00:00"},
    {"*-5~7/1", "*-05~07/1 00:00:00"},
    {"*-*~1..3", "*-*~01..03 00:00:00"},
    {"*-*~*", "*-*-* 00:00:00"},
    // times
    {"5:6", "*-*-* 05:06:00"},
    {"5:6:7", "*-*-* 05:06:07"},
    {"*:*:*", "*-*-* *:*:*"},
    {"*:*", "*-*-* *:*:00"},
    {"*:0/15", "*-*-* *:00/15:00"},
    {"8..18/2:5,35", "*-*-* 08..18/2:05,35:00"},
    {"0000001:00000000000000000000002", "*-*-* 01:02:00"},
    {"0:0:0/1", "*-*-* 00:00:*"},
    {"0:0:0.5", "*-*-* 00:00:00.500000"},
    {"0:0:1.23456749999", "*-*-* 00:00:01.234567"},
    {"0:0:1.2345675", "*-*-* 00:00:01.234568"},
    {"0:0:1/2.5", "*-*-* 00:00:01/2.500000"},
    {"0:0:0/0.000001", "*-*-* 00:00:00/0.000001"},
    {"0:0:1..3", "*-*-* 00:00:01..03"},
    {"0:0:1..1/2", "*-*-* 00:00:01"},
    {"0:0:0.5..0.9/0.2", "*-*-* 00:00:00.500000..00.900000/0.200000"},
    {"0:0:59.999999", "*-*-* 00:00:59.999999"},
    // moments
    {"@0", "1970-01-01 00:00:00 UTC"},
    {"@1774746000", "2026-03-29 01:00:00 UTC"},
    {"@ +5", "1970-01-01 00:00:05 UTC"},
    {"Mon @5", "Mon 1970-01-01 00:00:05 UTC"},
    {"@7258118399", "2199-12-31 23:59:59 UTC"},
    // shorthands
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"bi-annually", "*-01,07-01 00:00:00"},
    {"Yearly", "*-01-01 00:00:00"},
    {"ANNUALLY", "*-01-01 00:00:00"},
    // zones
    {"daily UTC", "*-*-* 00:00:00 UTC"},
    {"Mon 1:00 utc", "Mon *-*-* 01:00:00 UTC"},
};

struct Refused {
  const char* text;
  const char* told;
};

constexpr Refused kRefused[] = {
    {"", "at character 1: expected a calendar time"},
    {" ", "at character 1: expected no blank"},
    {" daily", "at character 1"},
    {"daily ", "at character 1"},
    {"daily  UTC", "at character 1"},
    {"fortnightly", "at character 1: expected a date"},
    {"5", "at character 1: expected a date with \"-\", or a time with \":\""},
    {"*", "at character 1"},
    {"Monda", "at character 1: expected a weekday"},
    {"Mon..", "at character 6: expected a weekday"},
    {"Mon.Fri", "at character 4: expected \"..\""},
    {"Sun..Mon", "at character 6: expected a range of weekdays that goes forward"},
    {"Mon..Tue..Wed", "at character 9: expected \",\""},
    {"Mon,,Tue", "at character 5: expected a weekday"},
    {"Mon Tue", "at character 5: expected UTC or a time zone"},
    {"Mon;", "at character 1: expected a weekday"},
    {"*-13-1", "at character 3: expected a month from 1 to 12"},
    {"*-0-1", "expected a month from 1 to 12"},
    {"*-1-32", "at character 5: expected a day from 1 to 31"},
    {"*-1-0", "expected a day from 1 to 31"},
    {"*-1~29", "expected a day from 1 to 28"},
    {"*-1~1/1", "expected values that go forward"},
    {"*-1~3..1", "expected values that go forward"},
    {"1969-1-1", "expected a year from 1970 to 2199"},
    {"2200-1-1", "expected a year from 1970 to 2199"},
    {"99999999999999999999-1-1", "expected a year from 1970 to 2199"},
    {"1-2-3-4", "at character 6: expected a blank"},
    {"1~2-3", "expected \"-\""},
    {"*-1,-5", "expected a month, as a number"},
    {"*,1-5", "expected \"-\""},
    {"*-*/2-5", "expected \"-\""},
    {"*-1/12-1", "expected values that go forward, with a step that leads to another one"},
    {"*-1/0-1", "at character 5: expected a step of at least 1"},
    {"*-5..3-1", "expected values that go forward"},
    {"24:00", "at character 1: expected an hour from 0 to 23"},
    {"0:60", "expected a minute from 0 to 59"},
    {"0:0:60", "expected a second from 0 to 59"},
    {"0:0:59.9999999", "expected a second from 0 to 59"},
    {"0:0:1.", "expected digits after the decimal point"},
    {"0:0:1..1", "expected a range of at least one second"},
    {"0:0:25/59", "expected values that go forward"},
    {"0:1.5", "at character 4: expected \":\""},
    {"1:2:3:4", "at character 6: expected nothing after the time"},
    {"1: 2", "at character 3: expected a minute, as a number"},
    {"+1:0", "expected an hour, as a number"},
    {"10:00 ", "expected \":\""},
    {"*:*/15", "at character 4: expected \":\""},
    {"@-5", "at character 2: expected seconds since 1970"},
    {"@1.5", "at character 3: expected nothing after"},
    {"@7258118400", "expected a time up to 2199"},
    {"@99999999999999999999", "expected a time up to 2199"},
    {"daily Mars/Olympus_Mons", "at character 7: expected UTC or a time zone"},
    {"daily ../../etc/passwd", "expected a date"},
    {"daily a/../../etc/passwd", "is not the name of a time zone"},
    {"UTC", "expected a date"},
    {"\x1b[2J", "\\x1b[2J"},
};

}  // namespace

TEST_CASE("a calendar time is written out in full, and means the same then", "[schedule]") {
  for (const auto& [text, normal] : kWritten) {
    INFO(text);
    const auto spec = CalendarSpec::parse(text);
    REQUIRE(spec);
    CHECK(spec->normalized() == normal);
    const auto again = CalendarSpec::parse(normal);
    REQUIRE(again);
    CHECK(again->normalized() == normal);
  }
}

TEST_CASE("a wrong calendar time is refused, and told is where and what is expected",
          "[schedule]") {
  for (const auto& [text, told] : kRefused) {
    INFO(text);
    const auto spec = CalendarSpec::parse(text);
    REQUIRE(!spec);
    CHECK_THAT(spec.error().text,
               Catch::StartsWith(fmt::format("\"{}\" at character ", printable(text))));
    CHECK_THAT(spec.error().text, Catch::Contains(told));
  }
}

TEST_CASE("a long text is shortened where it is refused", "[schedule]") {
  const std::string text = CalendarSpec::parse(std::string(1000, 'x')).error().text;
  CHECK_THAT(text, Catch::Contains("xxx...\" at character 1: expected"));
  CHECK(text.size() < 200);
}

TEST_CASE("bytes that are no text are refused", "[schedule]") {
  CHECK(!CalendarSpec::parse(std::string_view("0:0\0", 4)));
  CHECK(!CalendarSpec::parse(std::string_view("Mon\0", 4)));
  CHECK(!CalendarSpec::parse("\xff\xff"));
}

TEST_CASE("text and lists of a calendar time have limits", "[schedule]") {
  const auto list = [](std::size_t count) {
    std::string text = "*:0";
    for (std::size_t i = 1; i < count; ++i) text += ",0";
    return CalendarSpec::parse(text);
  };
  CHECK(list(240)->normalized() == "*-*-* *:00:00");
  CHECK_THAT(list(241).error().text, Catch::Contains("at most 240 values"));
  CHECK_THAT(list(1000).error().text, Catch::Contains("at most 1024 bytes"));
}

// systemd 252 compares the second value of such a list with 25, the third with 22, and so on.
TEST_CASE("days from the end of a month may be a list", "[schedule]") {
  const auto spec = CalendarSpec::parse("*-*~1,26,28");
  REQUIRE(spec);
  CHECK(spec->normalized() == "*-*~01,26,28 00:00:00");
}

// systemd 252 writes such a list as `*`, even if it contains more.
TEST_CASE("every second does not hide what else is in the list", "[schedule]") {
  CHECK(CalendarSpec::parse("0:0:0/1,5.5")->normalized() == "*-*-* 00:00:00/1,05.500000");
}

}  // namespace schedule_parse_test
