// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Calendar expressions in systemd's syntax: systemd.time(7), "CALENDAR EVENTS".
//
// This room says when a timer is next due, and nothing else: calendar.hpp and cron.hpp read the two
// kinds of expressions, matcher.hpp searches the next wall clock time for both, and zone.hpp gives
// the wall clock of a time zone. Nothing here reads a clock: the caller passes the time.
// (activation/timer.hpp)
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "schedule/matcher.hpp"

namespace zinit {

/// A schedule such as "Mon..Fri 22:30" or "*-*-1 4:00 Europe/Berlin".
///
/// next_after() skips a time in a gap of the wall clock. It takes a time in a fold once: at the
/// first time, or at the second if `us_realtime` is later than the first. systemd 252 does the
/// same, except for three faults of its search: it loses times at the beginning of a minute, day or
/// year after a step beyond the end of the previous one ("1/7:00" on the first of a month); a gap
/// may make it give up, or skip the rest of a day; and it miscounts days from the end of a month
/// with a gap.
class CalendarSpec : public Schedule {
 public:
  /// The parts of an expression that hold values, in the order of the text.
  enum Unit { year, month, day, hour, minute, second, kUnits };

  /// Reads an expression of systemd.time(7). Blocks on the file of a time zone in the text; the
  /// zone as read here is used from then on.
  ///
  /// Accepts and refuses the same as systemd 252, with these differences. The text has at most 1024
  /// bytes. Abbreviations of the machine's own zone ("CEST") are not time zones, because another
  /// machine may give them another meaning, or none. Zones that count leap seconds ("right/UTC")
  /// are not time zones either. Days from the end of a month may stand in any list ("*-*~1,28").
  ///
  /// @return  the error is a sentence with the text, where it is wrong, counted from 1, and what is
  ///          expected there: "\"*-13-1\" at character 3: expected a month from 1 to 12".
  [[nodiscard]] static Result<CalendarSpec> parse(std::string_view text);

  /// The same expression with every part written out, as `systemd-analyze calendar` shows it.
  /// parse() gives the same expression again.
  [[nodiscard]] std::string normalized() const;

 private:
  friend class CalendarReader;

  CalendarSpec() = default;

  std::array<std::vector<ValueRange>, kUnits> values_;  // sorted; empty: any value
  std::string zone_name_;
};

}  // namespace zinit
