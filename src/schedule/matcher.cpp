// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Searches for the next time that matches.
#include "schedule/matcher.hpp"

#include <algorithm>
#include <chrono>

namespace zinit {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kMinuteUs = 60 * kSecondUs;
constexpr std::int64_t kDayUs = 24 * 60 * kMinuteUs;

std::int64_t whole(std::int64_t value, std::int64_t unit) {
  return value / unit - (value % unit < 0 ? 1 : 0);
}

/// The first matching second of a minute from `from` on. All in microseconds.
std::optional<std::int64_t> next_second(const TimePattern& pattern, std::int64_t from) {
  std::int64_t best = kMinuteUs;
  for (const auto& [start, stop, step] : pattern.seconds) {
    std::int64_t value = start;
    if (value < from) {
      if (step == 0) continue;
      value += (from - start + step - 1) / step * step;
      if (stop >= 0 && value > stop) continue;
    }
    best = std::min(best, value);
  }
  if (best == kMinuteUs) return std::nullopt;
  return best;
}

/// The first matching time of a day from `from` on.
std::optional<std::int64_t> next_in_day(const TimePattern& pattern, std::int64_t from) {
  const std::int64_t first = from / kMinuteUs;
  for (std::int64_t minute = first; minute < 24 * 60; ++minute) {
    const auto hour = static_cast<std::size_t>(minute / 60);
    if (!pattern.hours[hour] || !pattern.minutes[static_cast<std::size_t>(minute % 60)]) continue;
    const auto us = next_second(pattern, minute == first ? from % kMinuteUs : 0);
    if (us) return minute * kMinuteUs + *us;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> TimePattern::next(std::int64_t local_us) const {
  using namespace std::chrono;
  if (local_us >= (kLastYear - kFirstYear + 2) * 366 * kDayUs) return std::nullopt;
  const std::int64_t from = std::max<std::int64_t>(local_us, 0);
  const sys_days today{std::chrono::days{whole(from, kDayUs)}};
  const year_month_day date{today};
  for (year y = date.year(); y <= year{kLastYear}; ++y) {
    if (!years[static_cast<std::size_t>(static_cast<int>(y) - kFirstYear)]) continue;
    unsigned m = y == date.year() ? static_cast<unsigned>(date.month()) : 1;
    for (; m <= 12; ++m) {
      if (!months[m]) continue;
      const sys_days first = y / month{m} / 1;
      const auto size = static_cast<unsigned>((y / month{m} / last).day());
      const unsigned monday = weekday{first}.iso_encoding() - 1;  // days from a Monday to the first
      unsigned d = first <= today ? static_cast<unsigned>(date.day()) : 1;
      for (; d <= size; ++d) {
        const bool by_day = days[days_from_end ? size + 1 - d : d];
        const bool by_weekday = (weekdays >> (monday + d - 1) % 7 & 1) != 0;
        if (either_day ? !by_day && !by_weekday : !by_day || !by_weekday) continue;
        const sys_days day = first + std::chrono::days{d - 1};
        const auto in_day = next_in_day(*this, day == today ? from % kDayUs : 0);
        if (in_day) return day.time_since_epoch().count() * kDayUs + *in_day;
      }
    }
  }
  return std::nullopt;
}

/// Goes from period to period with the found time, until a period holds it. Only a gap or a fold on
/// the way makes it search again, from the time at which the wall clock goes on.
std::optional<std::int64_t> next_moment(const TimePattern& pattern, ClockChange change,
                                        std::int64_t after_us, const TimeZone& zone) {
  constexpr std::int64_t kEndUs = std::int64_t{1} << 53;  // in the year 2255
  if (after_us >= kEndUs) return std::nullopt;
  const std::int64_t from = std::max<std::int64_t>(after_us, -1) + 1;
  // Times in a gap are due in the first moment after the gap, which may be `from`.
  const std::int64_t seen = change == ClockChange::catch_up ? from - 1 : from;
  ZonePeriod period = zone.period_at(seen / kSecondUs);
  std::int64_t local = from + period.offset * kSecondUs;
  if (change == ClockChange::catch_up && period.begin != ZonePeriod::kFirst) {
    // A time in a fold was already due in the earlier period.
    const ZonePeriod before = zone.period_at(period.begin - 1);
    local = std::max(local, (period.begin + before.offset) * kSecondUs);
  }
  for (;;) {
    const auto found = pattern.next(local);
    if (!found) return std::nullopt;
    const std::int64_t second = whole(*found, kSecondUs);
    // No zone is two days from UTC. No change of the clock makes an earlier time match.
    constexpr std::int64_t kFarS = 2 * kDayUs / kSecondUs;
    if (second - kFarS > period.end) period = zone.period_at(second - kFarS);
    for (;;) {
      if (second - period.offset < period.end) return *found - period.offset * kSecondUs;
      const std::int64_t stopped = (period.end + period.offset) * kSecondUs;
      period = zone.period_at(period.end);
      const std::int64_t goes_on = (period.begin + period.offset) * kSecondUs;
      if (*found < goes_on && change == ClockChange::catch_up) return period.begin * kSecondUs;
      local = goes_on;
      if (*found < goes_on || (change == ClockChange::real_time && goes_on < stopped)) break;
    }
  }
}

}  // namespace zinit
