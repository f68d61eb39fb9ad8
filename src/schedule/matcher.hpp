// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The common part of calendar and cron expressions: which wall clock times match, and which moment
// is the next match.
//
// The search goes through wall clock times, without a zone, and only then finds out when, and
// whether, the clock shows the found time. ClockChange gives the meaning of gaps and folds. A
// search looks at each day up to 2199 at most once, so an expression that never matches takes less
// than a millisecond.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "schedule/zone.hpp"

namespace zinit {

inline constexpr int kFirstYear = 1970;
inline constexpr int kLastYear = 2199;

/// `start`, `start` + `step`, ... up to `stop`, or if it is unset up to the unit's last value.
struct ValueRange {
  int start = 0;
  int stop = -1;  ///< -1: unset
  int step = 0;   ///< 0: only `start`

  friend auto operator<=>(const ValueRange&, const ValueRange&) = default;
};

/// The matching wall clock times: each part must match.
struct TimePattern {
  using Values = std::bitset<256>;  // the largest, years, needs 230

  Values years;  ///< counted from kFirstYear
  Values months;
  Values days;  ///< of the month; with `days_from_end` 1 is the last day
  Values hours;
  Values minutes;
  std::vector<ValueRange> seconds;  ///< in microseconds
  std::uint8_t weekdays = 0x7F;     ///< bit 0 is Monday
  bool days_from_end = false;
  bool either_day = false;  ///< a day needs to match only one of `days` and `weekdays`

  /// The first matching wall clock time from `local_us` on. Both count as if the wall clock showed
  /// UTC, in microseconds since 1970. Nothing if no time up to the end of kLastYear matches.
  [[nodiscard]] std::optional<std::int64_t> next(std::int64_t local_us) const;
};

/// The treatment of wall clock times that do not exist, in a gap, or exist twice, in a fold.
enum class ClockChange {
  skip,       ///< gap: never due; fold: due once, at the first time
  catch_up,   ///< gap: due together, once, right after it; fold: as skip
  real_time,  ///< gap: never due; fold: due both times
};

/// The next moment later than `after_us` at which the clocks of `zone` match `pattern`.
/// Microseconds since 1970, UTC; never a time before 1970 by the wall clock or by UTC. With
/// ClockChange::skip a time in a fold is due the second time if the first is not later than
/// `after_us`.
[[nodiscard]] std::optional<std::int64_t> next_moment(const TimePattern& pattern,
                                                      ClockChange change, std::int64_t after_us,
                                                      const TimeZone& zone);

/// The times at which a timer is due; CalendarSpec::parse() or CronSpec::parse() reads them. Any
/// thread may call the constant functions at any time.
class Schedule {
 public:
  /// The next matching moment later than `us_realtime`, both in microseconds since 1970, UTC.
  /// Nothing if no moment up to 2199 matches. Takes about a millisecond at most.
  ///
  /// @param local  the machine's zone; not used if the expression has a zone of its own.
  [[nodiscard]] std::optional<std::int64_t> next_after(std::int64_t us_realtime,
                                                       const TimeZone& local) const {
    return next_moment(pattern_, change_, us_realtime, zone_ ? *zone_ : local);
  }

 protected:
  Schedule() = default;

  TimePattern pattern_;
  ClockChange change_ = ClockChange::skip;
  std::optional<TimeZone> zone_;  ///< its own
};

}  // namespace zinit
