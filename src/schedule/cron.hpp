// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Cron's expressions: crontab(5).
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "schedule/matcher.hpp"

namespace zinit {

/// A schedule in cron's five fields: minute, hour, day of month, month, day of week.
///
/// At a change of the clock for summer time it follows cron(8). If minute or hour begin with `*`,
/// times follow real time, so that "*/15 * * * *" is always due every 15 minutes. Other times are
/// due once: all times in a gap together, right after it; a time in a fold at the first of its two
/// moments.
class CronSpec : public Schedule {
 public:
  /// Reads five fields of crontab(5): values, names of months and weekdays, `a-b`, `a-b/n`, `*`,
  /// `*/n`, and lists of these; or @hourly, @daily, @midnight, @weekly, @monthly, @yearly or
  /// @annually. Case does not matter, 0 and 7 are Sunday. The text has at most 1024 bytes.
  ///
  /// If both day of month and day of week are restricted, one match is enough. A field that begins
  /// with `*` is not a restriction here, as in vixie cron: for "*/2" and a weekday both must match.
  ///
  /// @return  the error is a sentence with the text, its wrong part and what is expected there. It
  ///          says more about six fields (seconds, or a user) and about @reboot.
  [[nodiscard]] static Result<CronSpec> parse(std::string_view text);

 private:
  CronSpec() = default;

  /// Like parse(), but errors do not contain the whole text.
  static Result<CronSpec> read(std::string_view text);
};

}  // namespace zinit
