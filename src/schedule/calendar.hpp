// Calendar expressions in systemd's syntax: systemd.time(7), "CALENDAR EVENTS".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "schedule/matcher.hpp"
#include "schedule/zone.hpp"

namespace zinit {

/// When a timer is due, such as "Mon..Fri 22:30" or "*-*-1 4:00 Europe/Berlin". Any thread may call
/// the constant functions at any time.
class CalendarSpec {
 public:
  /// The parts of an expression that hold values, in the order in which they are written.
  enum Unit { year, month, day, hour, minute, second, kUnits };

  /// An expression, as systemd.time(7) has it. Blocks on the file of a time zone that it names;
  /// what is read here is used from then on.
  ///
  /// Takes and refuses what systemd 252 takes and refuses, with these differences. The text has at
  /// most 1024 bytes. The abbreviations of the machine's own zone ("CEST") are no time zones, since
  /// they would mean something else, or nothing, on another machine; nor are zones that count leap
  /// seconds ("right/UTC"). Days from the end of a month may stand in any list ("*-*~1,28").
  ///
  /// @return  the error is a sentence with the text, where it is wrong, counted from 1, and what is
  ///          expected there: "\"*-13-1\" at character 3: expected a month from 1 to 12".
  [[nodiscard]] static Result<CalendarSpec> parse(std::string_view text);

  /// The same expression with every part written out, as `systemd-analyze calendar` shows it. To
  /// parse it gives the same again.
  [[nodiscard]] std::string normalized() const;

  /// The next moment later than `us_realtime` that matches, both in microseconds since 1970, UTC.
  /// Nothing if there is none up to 2199. Takes about a millisecond at most.
  ///
  /// @param local  the machine's zone; an expression with a zone of its own does not use it.
  ///
  /// A time in a gap of the wall clock is left out; one in a fold is taken once, at the first time,
  /// or at the second if `us_realtime` lies after the first. So does systemd 252, but for three
  /// faults of its search: it loses times at the beginning of a minute, day or year after a step
  /// that led past the end of the one before ("1/7:00" on the first of a month); it may give up, or
  /// leave out the rest of a day, because of a gap; and it miscounts days from the end of a month
  /// that has a gap.
  [[nodiscard]] std::optional<std::int64_t> next_after(std::int64_t us_realtime,
                                                       const TimeZone& local) const;

 private:
  friend class CalendarReader;

  CalendarSpec() = default;

  std::array<std::vector<ValueRange>, kUnits> values_;  // sorted; none: any value
  TimePattern pattern_;                                 // the same, for the search
  std::string zone_name_;
  std::optional<TimeZone> zone_;  // of `zone_name_`
};

}  // namespace zinit
