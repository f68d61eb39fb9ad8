// Cron's expressions: crontab(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "schedule/matcher.hpp"

namespace zinit {

/// When a timer is due, in cron's five fields: minute, hour, day of month, month, day of week. Any
/// thread may call the constant functions at any time.
class CronSpec {
 public:
  /// Five fields, as crontab(5) has them: values, names of months and weekdays, `a-b`, `a-b/n`,
  /// `*`, `*/n`, and lists of these; or @hourly, @daily, @midnight, @weekly, @monthly, @yearly or
  /// @annually. Case does not matter, 0 and 7 are Sunday. The text has at most 1024 bytes.
  ///
  /// If day of month and day of week both say something, either will do. A field that begins with
  /// `*` says nothing in this sense, as in vixie cron, so for "*/2" and a weekday both must match.
  ///
  /// @return  the error is a sentence with the text, the part of it that is wrong and what is
  ///          expected there; of six fields (seconds, or a user) and of @reboot it says more.
  [[nodiscard]] static Result<CronSpec> parse(std::string_view text);

  /// The next moment later than `us_realtime` that matches, both in microseconds since 1970, UTC,
  /// by the clocks of `local`. Nothing if there is none up to 2199, as of 30 February. Takes about
  /// a millisecond at most.
  ///
  /// When the clock is set forward or back for summer time, it follows cron(8) in this: if minute
  /// or hour begin with `*`, what is due goes by real time, so that "*/15 * * * *" is due every 15
  /// minutes all the time. Other times are due once: those in a gap right after it, together if
  /// there are several; those in a fold the first time.
  [[nodiscard]] std::optional<std::int64_t> next_after(std::int64_t us_realtime,
                                                       const TimeZone& local) const;

 private:
  CronSpec() = default;

  /// As parse(), but errors do not name the whole text.
  static Result<CronSpec> read(std::string_view text);

  TimePattern pattern_;
  ClockChange change_ = ClockChange::catch_up;
};

}  // namespace zinit
