// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of time zones: their content, and the effect of damage.
#include "base/text.hpp"
#include "schedule/cron.hpp"
#include "support/test.hpp"
#include "unit/schedule/zone_file.hpp"

namespace zinit::test::schedule_zones {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

/// The offset from UTC at a time, as +HH:MM; the row has a zone's name or its rule, and the time.
std::string offset_at(const std::string& row) {
  const auto words = split(row, '|');
  const std::string name(trim(words.at(0)));
  const bool is_rule = name.find(',') != name.npos;
  const TimeZone zone =
      is_rule ? ZoneFile{.version = '3', .rule = name}.zone() : zone_by_rule(name);
  const auto minutes = zone.period_at(utc_seconds(std::string(words.at(1)))).offset / 60;
  return fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60,
                     std::abs(minutes) % 60);
}

/// Checks what holds for any accepted file: queries are safe, and periods fit each other.
void ask(const TimeZone& zone) {
  for (const std::int64_t at :
       {Limits::min(), std::int64_t{-70'000'000'000}, std::int64_t{0}, std::int64_t{1'800'000'000},
        std::int64_t{300'000'000'000}, Limits::max()}) {
    const ZonePeriod period = zone.period_at(at);
    CHECK(period.begin < period.end);
    CHECK(std::abs(period.offset) <= 26 * 3600);
    // A walk from period to period makes progress, and misses no period.
    if (period.end != ZonePeriod::kLast) CHECK(zone.period_at(period.end).begin == period.end);
    if (period.begin != ZonePeriod::kFirst)
      CHECK(zone.period_at(period.begin - 1).end == period.begin);
  }
}

std::string refusal(const std::string& bytes) {
  const auto zone = TimeZone::from_bytes(bytes);
  return zone ? "taken" : zone.error().text;
}

TEST_CASE("a rule holds for ever, and UTC has one period", "[schedule][zone]") {
  CHECK_GOLDEN_ROWS("offsets", offset_at);
  ask(zone_by_rule("Europe/Berlin"));
  const TimeZone late = ZoneFile{.version = '3', .rule = "AAA0BBB,0/0,J365/167"}.zone();
  CHECK(late.period_at(utc_seconds("2026-01-01 00:00:00") - 1).begin ==
        utc_seconds("2025-01-06 22:00:00"));
  ask(TimeZone::utc());
  CHECK(TimeZone::utc().period_at(0).begin == ZonePeriod::kFirst);
  CHECK(TimeZone::utc().period_at(0).end == ZonePeriod::kLast);
  CHECK(TimeZone::utc().period_at(0).offset == 0);
}

TEST_CASE("listed changes come before the rule", "[schedule][zone]") {
  const std::int64_t at = utc_seconds("2020-01-01 00:00:00");
  const TimeZone zone = ZoneFile{.first_offset = 60,
                                 .changes = {{0, 120}, {at, 180}},
                                 .rule = "CET-1CEST,M3.5.0,M10.5.0/3"}
                            .zone();
  ask(zone);
  CHECK(zone.period_at(-1).offset == 60);
  CHECK(zone.period_at(-1).end == 0);
  CHECK(zone.period_at(0).offset == 120);
  CHECK(zone.period_at(at - 1).end == at);
  CHECK(zone.period_at(at).begin == at);
  CHECK(zone.period_at(at).offset == 3600);
}

// zic(8) writes one for old readers ("-b fat"), but never the others.
TEST_CASE("changes beyond the years 0 to 9999 do no harm", "[schedule][zone]") {
  constexpr std::int64_t kBigBang = -(std::int64_t{1} << 59);
  const TimeZone zone =
      ZoneFile{.first_offset = 60, .changes = {{kBigBang, 120}, {1000, 180}, {-kBigBang, 240}}}
          .zone();
  ask(zone);
  CHECK(zone.period_at(0).offset == 120);
  CHECK(zone.period_at(0).begin == ZonePeriod::kFirst);
  CHECK(zone.period_at(1000).offset == 180);
  CHECK(zone.period_at(1000).end == ZonePeriod::kLast);
  const TimeZone alone = ZoneFile{.changes = {{kBigBang, -3600}}}.zone();
  const auto spec = CronSpec::parse("0 0 * * *");
  CHECK(spec->next_after(0, alone) == std::int64_t{3600} * 1'000'000);
}

TEST_CASE("without a rule the last change holds", "[schedule][zone]") {
  for (const char version : {'\0', '2'}) {
    const TimeZone zone =
        ZoneFile{
            .version = version, .first_offset = -3600, .changes = {{1000, 7200}, {2000, -3600}}}
            .zone();
    ask(zone);
    CHECK(zone.period_at(Limits::min()).offset == -3600);
    CHECK(zone.period_at(1999).offset == 7200);
    CHECK(zone.period_at(Limits::max()).offset == -3600);
    CHECK(zone.period_at(Limits::max()).end == ZonePeriod::kLast);
  }
}

TEST_CASE("damaged files of zones are refused, and nothing else happens", "[schedule][zone]") {
  const ZoneFile good{.changes = {{1000, 7200}, {2000, -3600}},
                      .rule = "CET-1CEST,M3.5.0,M10.5.0/3"};
  const std::string bytes = good.bytes();
  REQUIRE(TimeZone::from_bytes(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(!TimeZone::from_bytes(bytes.substr(0, size)));
  std::mt19937 random{18};
  for (int i = 0; i < 20'000; ++i) {
    std::string spoilt = bytes;
    for (int n = 0; n <= i % 3; ++n)
      spoilt[random() % spoilt.size()] = static_cast<char>(random() % 256);
    if (const auto zone = TimeZone::from_bytes(spoilt)) ask(*zone);
  }

  CHECK_THAT(refusal("TZif"), Contains("does not begin"));
  CHECK_THAT(refusal(std::string((1 << 20) + 1, 'T')), Contains("more than 1 MB"));
  const auto refused = [&](auto spoil) {
    ZoneFile wrong = good;
    spoil(wrong);
    return refusal(wrong.bytes());
  };
  CHECK_THAT(refused([](auto& wrong) { wrong.changes[1].first = 1000; }), Contains("not in order"));
  CHECK_THAT(refused([](auto& wrong) { wrong.changes[0].second = 27 * 3600; }),
             Contains("too large"));
  CHECK_THAT(refused([](auto& wrong) { wrong.leap_seconds = 1; }), Contains("leap seconds"));
  CHECK_THAT(refused([](auto& wrong) {
               for (int i = 0; i < 5000; ++i) wrong.changes.emplace_back(3000 + i, 0);
             }),
             Contains("too many changes"));
  for (const char* rule :
       {"CET", "CET-", "C-1", "CET-25", "CET-1:60", "CET-1CEST", "CET-1CEST,M3.5.0",
        "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0/168,M10.5.0", "CET-1CEST,J0,J300", "CET-1CEST,366,10",
        "CET-1CEST,M3.5.0,M10.5.0x", "<CET-1", "<+1>-1", "CET-1CEST,M3..0,M10.5.0", ",,"}) {
    INFO(rule);
    CHECK_THAT(refused([&](auto& wrong) { wrong.rule = rule; }), Contains("is no rule"));
  }
}

TEST_CASE("a zone is looked for by its name, and nowhere else", "[schedule][zone]") {
  const TempDir dir;
  dir.write("Here", ZoneFile{.rule = "IST-5:30"}.bytes());
  dir.write("text", "not a zone\n");
  std::filesystem::create_directory(dir / "Area");
  dir.write("Area/Far_Away-1+2", ZoneFile{.rule = "<+0545>-5:45"}.bytes());
  CHECK(TimeZone::load("Here", dir.path())->period_at(0).offset == 19800);
  CHECK(TimeZone::load("Area/Far_Away-1+2", dir.path())->period_at(0).offset == 20700);
  CHECK(TimeZone::load("Gone", dir.path()).error().errnum == ENOENT);
  CHECK_THAT(TimeZone::load("text", dir.path()).error().text, Contains("no sound time zone"));
  CHECK(TimeZone::load("Area", dir.path()).error().errnum == EISDIR);
  for (const char* name : {"", "..", "../Here", "Area/../Here", "/Here", "Area//Here", "Here/", ".",
                           "He re", "Here\n", "\xc3\xa9"}) {
    INFO(name);
    CHECK_THAT(TimeZone::load(name, dir.path()).error().text, Contains("is not the name"));
  }
  CHECK(!TimeZone::load(std::string(300, 'a'), dir.path()));
}

TEST_CASE("the zones of this machine can be read", "[schedule][zone]") {
  const auto berlin = TimeZone::load("Europe/Berlin");
  if (!berlin) return skip("needs the zones of tzdata");
  const TimeZone rule = zone_by_rule("Europe/Berlin");
  for (std::int64_t at = utc_seconds("2000-01-01 00:00:00");
       at < utc_seconds("2060-01-01 00:00:00"); at += 3600 * 7)
    if (berlin->period_at(at).offset != rule.period_at(at).offset) FAIL(utc_text(at * 1'000'000));
  // Two hours of summer time.
  CHECK(berlin->period_at(utc_seconds("1945-06-01 00:00:00")).offset == 3 * 3600);
  CHECK(TimeZone::local());
}

}  // namespace
}  // namespace zinit::test::schedule_zones
