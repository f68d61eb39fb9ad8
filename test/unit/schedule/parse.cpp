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

}  // namespace zinit::test::schedule_parse
