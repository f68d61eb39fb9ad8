// What calendar and cron expressions have in common: which wall clock times match, and which moment
// is the next that matches.
//
// The search goes through wall clock times, which know no zone, and only then asks when, or
// whether, the clock shows the time that was found. What a gap and a fold mean to an expression is
// said by its ClockChange. A search looks at each day up to 2199 at most once, so an expression
// that never matches takes less than a millisecond.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "schedule/zone.hpp"

namespace zinit {

inline constexpr int kFirstYear = 1970;
inline constexpr int kLastYear = 2199;

/// `start`, `start` + `step`, ... up to `stop`, or without one up to what the unit has.
struct ValueRange {
  int start = 0;
  int stop = -1;  ///< -1: none
  int step = 0;   ///< 0: `start` alone

  friend auto operator<=>(const ValueRange&, const ValueRange&) = default;
};

/// The wall clock times that match: each part must.
struct TimePattern {
  using Values = std::bitset<256>;  // 230 years are the most that any of them needs

  Values years;  ///< counted from kFirstYear
  Values months;
  Values days;  ///< of the month; with `days_from_end` its last day is 1
  Values hours;
  Values minutes;
  std::vector<ValueRange> seconds;  ///< in microseconds
  std::uint8_t weekdays = 0x7F;     ///< bit 0 is Monday
  bool days_from_end = false;
  bool either_day = false;  ///< a day matches by `days` or by `weekdays`, not by both

  /// The first wall clock time from `local_us` on that matches. Both count as if the wall clock
  /// showed UTC, in microseconds since 1970. Nothing if there is none up to the end of kLastYear.
  [[nodiscard]] std::optional<std::int64_t> next(std::int64_t local_us) const;
};

/// What becomes of wall clock times that never are, or are twice.
enum class ClockChange {
  skip,       ///< those in a gap are left out, those in a fold are taken once, at the first time
  catch_up,   ///< the same, but those in a gap are made up for, once, right after it
  real_time,  ///< those in a gap are left out, those in a fold are taken both times
};

/// The next moment later than `after_us` at which the clocks of `zone` show what `pattern` matches.
/// Microseconds since 1970, UTC; what is before 1970 by the wall clock or by UTC is never found.
/// With ClockChange::skip a time in a fold is taken the second time if the first is not later.
[[nodiscard]] std::optional<std::int64_t> next_moment(const TimePattern& pattern,
                                                      ClockChange change, std::int64_t after_us,
                                                      const TimeZone& zone);

}  // namespace zinit
