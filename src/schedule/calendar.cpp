// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads and writes systemd's calendar expressions.
#include "schedule/calendar.hpp"

#include <strings.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMaxCalendarText = 1024;
/// systemd's limit for the elements of one list.
constexpr std::size_t kMaxListElements = 240;
constexpr int kSecond = 1'000'000;

struct UnitFacts {
  const char* name;
  int low;
  int high;
  int digits;
};

constexpr UnitFacts kUnitFacts[] = {
    {"a year", kFirstYear, kLastYear, 4},
    {"a month", 1, 12, 2},
    {"a day", 1, 31, 2},
    {"an hour", 0, 23, 2},
    {"a minute", 0, 59, 2},
    {"a second", 0, 60 * kSecond - 1, 2},
};

constexpr const char* kWeekdayNames[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                         "Friday", "Saturday", "Sunday"};

struct Shorthand {
  const char* name;
  const char* meaning;
};

/// systemd accepts three of them without documenting them.
constexpr Shorthand kShorthands[] = {
    {"minutely", "*-*-* *:*:00"},
    {"hourly", "*-*-* *:00:00"},
    {"daily", "*-*-* 00:00:00"},
    {"weekly", "Mon *-*-* 00:00:00"},
    {"monthly", "*-*-01 00:00:00"},
    {"quarterly", "*-01,04,07,10-01 00:00:00"},
    {"semiannually", "*-01,07-01 00:00:00"},
    {"semi-annually", "*-01,07-01 00:00:00"},
    {"biannually", "*-01,07-01 00:00:00"},
    {"bi-annually", "*-01,07-01 00:00:00"},
    {"yearly", "*-01-01 00:00:00"},
    {"annually", "*-01-01 00:00:00"},
    {"anually", "*-01-01 00:00:00"},
};

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

/// Two digits stand for a year from 1970 to 2069.
int whole_year(int value) {
  if (value < 0 || value >= 100) return value;
  return value + (value < 70 ? 2000 : 1900);
}

}  // namespace

/// Goes through a text once. At a fault it notes what it expected, and all its functions return
/// false.
class CalendarReader {
 public:
  explicit CalendarReader(std::string_view text) : text_(text), end_(text.size()) {}

  Result<CalendarSpec> read() {
    const std::string_view whole = text_;
    if (whole.size() > kMaxCalendarText) {
      fail(kMaxCalendarText, fmt::format("at most {} bytes", kMaxCalendarText));
    } else if (whole.starts_with(' ')) {
      fail(0, "no blank at the beginning");
    } else if (zone() && expression()) {
      fill();
      return std::move(spec_);
    }
    return failure(fmt::format("\"{}\" at character {}: expected {}",
                               shortened(printable(whole), 60), wrong_at_ + 1, expected_));
  }

 private:
  using Unit = CalendarSpec::Unit;

  bool fail(std::size_t at, std::string_view expected) {
    wrong_at_ = at;
    expected_ = expected;
    return false;
  }

  [[nodiscard]] char peek(std::size_t ahead = 0) const {
    return at_ + ahead < end_ ? text_[at_ + ahead] : '\0';
  }
  [[nodiscard]] bool at_end() const { return at_ == end_; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_, end_ - at_); }

  bool skip(std::string_view token) {
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void skip_blanks() {
    while (skip(" "))
      ;
  }

  /// Only a zone and a weekday begin with a letter.
  bool zone() {
    const std::size_t blank = text_.rfind(' ');
    if (blank == text_.npos || blank + 1 == text_.size()) return true;
    const std::string_view name = text_.substr(blank + 1);
    const char c = static_cast<char>(name[0] | 0x20);
    if (c < 'a' || c > 'z') return true;
    spec_.zone_name_ = same_word(name, "UTC") ? "UTC" : name;
    auto zone = TimeZone::load(spec_.zone_name_);
    if (!zone) return fail(blank + 1, fmt::format("UTC or a time zone ({})", zone.error().text));
    spec_.zone_ = std::move(*zone);
    end_ = blank;
    return true;
  }

  bool expression() {
    const std::string_view all = text_.substr(0, end_);
    for (const auto& [name, meaning] : kShorthands) {
      if (!same_word(all, name)) continue;
      text_ = meaning;
      end_ = text_.size();
    }
    if (at_end()) return fail(0, "a calendar time, such as \"Mon..Fri 22:30\" or \"daily\"");
    if (!weekdays()) return false;
    if (skip("@")) return epoch();
    const std::string_view word = rest().substr(0, rest().find(' '));
    if (word.find(':') == word.npos && !word.empty() && !date(word)) return false;
    return time();
  }

  /// The weekday at this place, by its name or the first three letters; -1: no weekday.
  int weekday() {
    for (int day = 0; day < 7; ++day) {
      const std::string_view name = kWeekdayNames[day];
      for (const std::size_t size : {name.size(), std::size_t{3}}) {
        if (!same_word(rest().substr(0, size), name.substr(0, size))) continue;
        at_ += size;
        return day;
      }
    }
    return -1;
  }

  bool weekdays() {
    unsigned found = 0;
    int first = -1;  // of a range
    do {
      const std::size_t at = at_;
      const int day = weekday();
      if (day < 0 && at == 0) return true;
      if (day < 0 || (!at_end() && !std::strchr("-., ", peek())))
        return fail(at, "a weekday, such as \"Mon\"");
      if (first > day) return fail(at, "a range of weekdays that goes forward from Monday");
      for (int i = first < 0 ? day : first; i <= day; ++i) found |= 1U << i;
      const std::size_t mark = at_;
      const bool range = skip("..") || skip("-");
      if (range && first >= 0) return fail(mark, "\",\" after a range of weekdays");
      first = range ? day : -1;
      if (!range && !skip(",") && !at_end() && peek() != ' ')
        return fail(mark, "\"..\" between weekdays");
    } while (first >= 0 || (!at_end() && peek() != ' '));
    spec_.pattern_.weekdays = static_cast<std::uint8_t>(found);
    skip_blanks();
    return true;
  }

  /// A moment, in seconds since 1970: it needs no zone.
  bool epoch() {
    using namespace std::chrono;
    skip_blanks();
    skip("+");
    const std::size_t at = at_;
    std::int64_t value = 0;
    if (!number(value)) return fail(at, "seconds since 1970");
    if (!at_end()) return fail(at_, "nothing after the seconds since 1970");
    const auto today = floor<days>(sys_seconds{seconds{value}});
    if (today >= sys_days{std::chrono::year{kLastYear + 1} / January / 1})
      return fail(at, "a time up to 2199");
    const year_month_day date{today};
    put(Unit::year, static_cast<int>(date.year()));
    put(Unit::month, static_cast<int>(static_cast<unsigned>(date.month())));
    put(Unit::day, static_cast<int>(static_cast<unsigned>(date.day())));
    put(Unit::hour, static_cast<int>(value / 3600 % 24));
    put(Unit::minute, static_cast<int>(value / 60 % 60));
    put(Unit::second, static_cast<int>(value % 60) * kSecond);
    spec_.zone_name_ = "UTC";
    spec_.zone_ = TimeZone::utc();
    return true;
  }

  /// YEAR-MONTH-DAY or MONTH-DAY; `~` before the last part makes it count from the end.
  bool date(std::string_view word) {
    const std::size_t last = word.find_last_of("-~");
    if (last == word.npos) return fail(at_, "a date with \"-\", or a time with \":\"");
    spec_.pattern_.days_from_end = word[last] == '~';
    if (word.find_first_of("-~") != last && (!values(Unit::year) || !separator("-"))) return false;
    if (!values(Unit::month) || !separator(word.substr(last, 1)) || !values(Unit::day))
      return false;
    if (!at_end() && peek() != ' ') return fail(at_, "a blank after the date");
    if (spec_.values_[Unit::day].empty()) spec_.pattern_.days_from_end = false;
    skip_blanks();
    return true;
  }

  bool time() {
    if (at_end()) {
      for (const Unit unit : {Unit::hour, Unit::minute, Unit::second}) put(unit, 0);
      return true;
    }
    if (!values(Unit::hour) || !separator(":") || !values(Unit::minute)) return false;
    if (at_end()) {
      put(Unit::second, 0);
      return true;
    }
    if (!separator(":") || !values(Unit::second)) return false;
    return at_end() || fail(at_, "nothing after the time but a blank and a time zone");
  }

  bool separator(std::string_view token) {
    return skip(token) || fail(at_, fmt::format("\"{}\"", token));
  }

  void put(Unit unit, int value) { spec_.values_[unit].push_back({.start = value}); }

  bool values(Unit unit) {
    auto& list = spec_.values_[unit];
    if (skip("*")) {
      if (unit == Unit::second) list.push_back({.start = 0, .step = kSecond});
      return true;
    }
    std::size_t count = 0;
    do {
      const std::size_t at = at_;
      ValueRange range;
      if (++count > kMaxListElements)
        return fail(at, fmt::format("at most {} values in a list", kMaxListElements));
      if (!value(unit, range.start)) return false;
      if (skip("..")) {
        range.step = unit == Unit::second ? kSecond : 1;
        if (!value(unit, range.stop)) return false;
      }
      const bool stepped = skip("/");
      if (stepped) {
        const std::size_t step_at = at_;
        if (!value(unit, range.step)) return false;
        if (range.step == 0) return fail(step_at, "a step of at least 1");
      }
      if (unit == Unit::second && !stepped && range.stop >= 0 && range.stop - range.start < kSecond)
        return fail(at, "a range of at least one second, or one with a step");
      if (!settle(unit, range, at)) return false;
      const auto place = std::lower_bound(list.begin(), list.end(), range);
      if (place == list.end() || *place != range) list.insert(place, range);
    } while (skip(","));
    return true;
  }

  /// Brings a range into its normal form and checks it. Counted from the end of a month, a day is
  /// at most 28, which every month has, and steps go towards the end.
  bool settle(Unit unit, ValueRange& range, std::size_t at) {
    const UnitFacts& facts = kUnitFacts[unit];
    const bool from_end = unit == Unit::day && spec_.pattern_.days_from_end;
    const int high = from_end ? 28 : facts.high;
    if (unit == Unit::year) {
      range.start = whole_year(range.start);
      range.stop = whole_year(range.stop);
    }
    if (range.stop > range.start && range.step > 0)
      range.stop -= (range.stop - range.start) % range.step;
    if (range.stop == range.start) range = {.start = range.start};
    const int reached = from_end && range.stop < 0 ? range.start - range.step
                                                   : std::min(range.start, high) + range.step;
    const int scale = unit == Unit::second ? kSecond : 1;
    if (range.start < facts.low || range.start > high || range.stop > high)
      return fail(at, fmt::format("{} from {} to {}", facts.name, facts.low, high / scale));
    if (range.step > high - facts.low || reached < facts.low ||
        reached > (range.stop < 0 ? high : range.stop))
      return fail(at, "values that go forward, with a step that leads to another one");
    return true;
  }

  /// A value of `unit`; seconds are in microseconds.
  bool value(Unit unit, int& result) {
    std::int64_t read = 0;
    if (!number(read)) return fail(at_, fmt::format("{}, as a number", kUnitFacts[unit].name));
    if (unit == Unit::second) {
      read *= kSecond;
      if (peek() == '.' && peek(1) != '.') {
        ++at_;
        if (!is_digit(peek())) return fail(at_, "digits after the decimal point");
        // The seventh digit rounds; later digits do not matter.
        int digits = 0;
        int fraction = 0;
        for (; is_digit(peek()); ++at_, ++digits)
          if (digits < 7) fraction = fraction * 10 + (peek() - '0');
        for (; digits < 7; ++digits) fraction *= 10;
        read += (fraction + 5) / 10;
      }
    }
    result = static_cast<int>(std::min<std::int64_t>(read, kMaxNumber));
    return true;
  }

  /// Larger than every value of a unit, so that larger numbers may all be equal.
  static constexpr std::int64_t kMaxNumber = 1'000'000'000;

  /// Reads digits; numbers too large for any use become the same large number.
  bool number(std::int64_t& result) {
    if (!is_digit(peek())) return false;
    for (result = 0; is_digit(peek()); ++at_)
      result = std::min<std::int64_t>(result * 10 + (peek() - '0'), 1'000'000'000'000);
    return true;
  }

  void fill() {
    TimePattern& pattern = spec_.pattern_;
    TimePattern::Values* const sets[] = {&pattern.years, &pattern.months, &pattern.days,
                                         &pattern.hours, &pattern.minutes};
    for (std::size_t unit = 0; unit < Unit::second; ++unit) {
      const UnitFacts& facts = kUnitFacts[unit];
      if (spec_.values_[unit].empty()) sets[unit]->set();
      for (const auto& [start, stop, step] : spec_.values_[unit]) {
        const bool down = unit == Unit::day && pattern.days_from_end && stop < 0;
        const int last = step == 0 ? start : stop >= 0 ? stop : down ? facts.low : facts.high;
        const int by = down ? -std::max(step, 1) : std::max(step, 1);
        for (int v = start; down ? v >= last : v <= last; v += by)
          sets[unit]->set(static_cast<std::size_t>(v - (unit == Unit::year ? kFirstYear : 0)));
      }
    }
    pattern.seconds = spec_.values_[Unit::second];
  }

  std::string_view text_;
  std::size_t end_;  // the end of the unread part: a zone at the end is read first
  std::size_t at_ = 0;
  std::size_t wrong_at_ = 0;
  std::string expected_;
  CalendarSpec spec_;
};

Result<CalendarSpec> CalendarSpec::parse(std::string_view text) {
  return CalendarReader(text).read();
}

namespace {

void append_value(std::string& to, int value, int digits, bool micros) {
  const int scale = micros ? kSecond : 1;
  fmt::format_to(std::back_inserter(to), "{:0{}}", value / scale, digits);
  if (value % scale != 0) fmt::format_to(std::back_inserter(to), ".{:06}", value % scale);
}

void append_values(std::string& to, const std::vector<ValueRange>& list, int digits, bool micros) {
  const int unit = micros ? kSecond : 1;
  const bool any = list.empty() || (micros && list.size() == 1 &&
                                    list[0] == ValueRange{.start = 0, .stop = -1, .step = unit});
  if (any) to += '*';
  for (std::size_t i = 0; !any && i < list.size(); ++i) {
    const auto& [start, stop, step] = list[i];
    if (i > 0) to += ',';
    append_value(to, start, digits, micros);
    if (stop > 0) append_value(to += "..", stop, digits, micros);
    if (step > 0 && (stop < 0 || step != unit)) append_value(to += '/', step, 1, micros);
  }
}

/// "Mon..Wed,Fri,Sat ", or nothing for all days.
void append_weekdays(std::string& to, unsigned days) {
  if (days == 0x7F) return;
  const char* mark = "";
  for (int day = 0; day < 7; ++day) {
    if ((days >> day & 1) == 0) continue;
    int last = day;
    while ((days >> (last + 1) & 1) != 0) ++last;
    // Two days in a row become a list, three become a range.
    to.append(mark).append(kWeekdayNames[day], 3);
    if (last > day + 1) {
      to.append("..").append(kWeekdayNames[last], 3);
      day = last;
    }
    mark = ",";
  }
  to += ' ';
}

}  // namespace

std::string CalendarSpec::normalized() const {
  const char marks[] = {'-', pattern_.days_from_end ? '~' : '-', ' ', ':', ':'};
  std::string text;
  append_weekdays(text, pattern_.weekdays);
  for (std::size_t unit = 0; unit < kUnits; ++unit) {
    if (unit > 0) text += marks[unit - 1];
    append_values(text, values_[unit], kUnitFacts[unit].digits, unit == second);
  }
  if (zone_) text.append(" ").append(zone_name_);
  return text;
}

}  // namespace zinit
