// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Cron expressions; cron.golden has results worked out by hand from crontab(5) and cron(8).
#include "schedule/cron.hpp"
#include "support/test.hpp"
#include "unit/schedule/zone_file.hpp"

namespace zinit::test::schedule_cron {

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

}  // namespace zinit::test::schedule_cron
