// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the times of timers. Parts of the input: a calendar expression, a cron expression, and the
// file of a time zone. For any of these, a found time is later, no earlier time was skipped, and an
// expression means the same as its normal form.
#include "fuzz/fuzz.hpp"

#include "schedule/calendar.hpp"
#include "schedule/cron.hpp"

namespace zinit::fuzz {
namespace {

constexpr std::int64_t kLastUs = 7'258'248'000'000'000;  // 2200-01-02, for zones behind UTC
constexpr std::int64_t kTimes[] = {-1, 0, 1'774'745'999'999'999, 1'792'890'000'000'000,
                                   4'107'542'399'000'000};

void check_zone(const TimeZone& zone) {
  for (const std::int64_t us : kTimes) {
    const ZonePeriod period = zone.period_at(us / 1'000'000);
    require(period.begin <= us / 1'000'000 && us / 1'000'000 < period.end);
    require(period.offset >= -26 * 3600 && period.offset <= 26 * 3600);
    if (period.end != ZonePeriod::kLast) require(zone.period_at(period.end).begin == period.end);
  }
}

template <class Spec>
std::optional<std::int64_t> checked_next(const Spec& spec, std::int64_t after,
                                         const TimeZone& zone) {
  const auto next = spec.next_after(after, zone);
  if (next) {
    require(*next > after && *next >= 0 && *next < kLastUs);
    require(spec.next_after(*next - 1, zone) == next);
  }
  return next;
}

}  // namespace

std::set<std::string> words() {
  return words_in(
      "Mon Sunday .. *-*-* *:*:* ~ / , 00 0/15 2026-02-29 UTC Europe/Berlin @1774746000 daily "
      "semiannually 0.000001 */5 1-5 jan @weekly TZif2 CET-1CEST,M3.5.0,M10.5.0/3\n <-03>3 "
      ",J60/0,300 \x1E");
}

void look_at(std::string_view input) {
  const auto parts = parts_of(input, 3);
  std::optional<TimeZone> zone;
  if (parts.size() > 2)
    if (auto read = TimeZone::from_bytes(parts[2])) zone = std::move(*read);
  if (zone) check_zone(*zone);
  const TimeZone local = zone.value_or(TimeZone::utc());

  if (const auto spec = CalendarSpec::parse(parts[0])) {
    const std::string normal = spec->normalized();
    require(showable(normal));
    const auto again = CalendarSpec::parse(normal);
    // A list written in full may be longer than the longest text.
    require(again ? again->normalized() == normal : normal.size() > 1024);
    for (const std::int64_t after : kTimes) {
      const auto next = checked_next(*spec, after, local);
      if (again) require(again->next_after(after, local) == next);
    }
  } else {
    require(showable(spec.error().text));
  }

  if (parts.size() < 2) return;
  if (const auto spec = CronSpec::parse(parts[1]))
    for (const std::int64_t after : kTimes) checked_next(*spec, after, local);
  else
    require(showable(spec.error().text));
}

}  // namespace zinit::fuzz
