// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calendar expressions: which are accepted, their normal form, and the messages about refused ones.
// Each row of parse.golden was compared with systemd-analyze of systemd 252; comments note
// differences of zinit.
#include "base/text.hpp"
#include "schedule/calendar.hpp"
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
  CHECK_THAT(CalendarSpec::parse("\x1b[2J").error().text,
             Catch::StartsWith("\"\\x1b[2J\" at character "));
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

}  // namespace zinit::test::schedule_parse
