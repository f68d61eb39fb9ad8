// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The next times of a calendar expression. systemd-analyze made the large table, table.golden;
// next.golden has what systemd computes otherwise.
#include <cctype>

#include "base/text.hpp"
#include "schedule/calendar.hpp"
#include "support/test.hpp"
#include "unit/schedule/zone_file.hpp"

namespace zinit::test::schedule_next {
namespace {

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

TEST_CASE("the next times are exact where systemd's are not", "[schedule]") {
  CHECK_GOLDEN_ROWS("next", due_times<CalendarSpec>);
  const auto spec = CalendarSpec::parse("*:*:0/0.000001");
  CHECK(spec->next_after(1'234'567, TimeZone::utc()) == 1'234'568);
  // A whole day is left out, as in Samoa, where 31 December 2011 followed the 29th.
  const auto samoa = ZoneFile{.first_offset = -36000, .changes = {{1325239200, 50400}}}.zone();
  CHECK(next_times(*CalendarSpec::parse("12:00"), "2011-12-29 00:00:00", samoa, 3) ==
        Texts{"2011-12-29 22:00:00", "2011-12-30 22:00:00", "2011-12-31 22:00:00"});
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
  if (!TimeZone::load("Asia/Kolkata")) return skip("needs the zones of tzdata");
  CHECK(due_times<CalendarSpec>("0:00 Asia/Kolkata | Europe/Berlin | 2026-06-01 12:00 | 1") ==
        "2026-06-01 18:30:00");
  CHECK(CalendarSpec::parse("daily Asia/Kolkata")->normalized() == "*-*-* 00:00:00 Asia/Kolkata");
}

}  // namespace
}  // namespace zinit::test::schedule_next
