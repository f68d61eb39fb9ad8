// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Points in time as people write them: see times.hpp.
#include "client/times.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::int64_t kSecond = 1'000'000;

// A year. A longer "+MINUTES" is a mistake, and its date might not be printable.
constexpr long long kMostMinutes = 525600;

/// Whether `text` looks like `form`. In `form`, 0 stands for any digit.
bool has_form(std::string_view text, std::string_view form) {
  return std::ranges::equal(
      text, form, [](char c, char wanted) { return wanted == '0' ? is_digit(c) : c == wanted; });
}

/// A number of a few digits, which the caller has checked.
int number(std::string_view digits) { return static_cast<int>(parse_integer(digits).value_or(0)); }

/// Reads HH:MM or HH:MM:SS into `time`. Returns false if `text` is not a time of day.
bool read_clock(std::string_view text, std::tm& time) {
  if (!has_form(text, "00:00") && !has_form(text, "00:00:00")) return false;
  time.tm_hour = number(text.substr(0, 2));
  time.tm_min = number(text.substr(3, 2));
  time.tm_sec = text.size() > 5 ? number(text.substr(6)) : 0;
  return time.tm_hour <= 23 && time.tm_min <= 59 && time.tm_sec <= 60;
}

/// Removes the fraction of a second, such as ".25", from the end of `text`. Returns microseconds.
std::int64_t take_fraction(std::string_view& text) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return 0;
  std::string digits(text.substr(point + 1));
  if (digits.empty() || digits.find_first_not_of("0123456789") != std::string::npos) return 0;
  text = text.substr(0, point);
  digits.resize(6, '0');
  return number(digits);
}

/// Removes "Z" or "+01:00" from the end of `text`. Returns the seconds ahead of UTC; nothing if
/// there is no time zone.
std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (text.ends_with('Z') || text.ends_with('z')) {
    text.remove_suffix(1);
    return 0;
  }
  const auto sign = text.find_last_of("+-");
  std::tm offset{};
  if (sign == std::string_view::npos || !has_form(text.substr(sign + 1), "00:00") ||
      !read_clock(text.substr(sign + 1), offset))
    return std::nullopt;
  const std::int64_t seconds = offset.tm_hour * 3600 + offset.tm_min * 60;
  const bool behind = text[sign] == '-';
  text = text.substr(0, sign);
  return behind ? -seconds : seconds;
}

/// When the local clock shows `time`, `days` later: mktime(3) corrects the date and applies summer
/// time.
std::int64_t time_us_of(std::tm time, int days = 0) {
  time.tm_mday += days;
  time.tm_isdst = -1;
  return std::int64_t{::mktime(&time)} * kSecond;
}

std::optional<std::int64_t> parse_ago(std::string_view text, std::int64_t now_us) {
  const auto ago = parse_duration(text);
  if (!ago) return std::nullopt;
  return now_us - std::chrono::microseconds(*ago).count();
}

std::optional<std::int64_t> parse_clock(std::string_view text, std::int64_t now_us) {
  const std::int64_t fraction = take_fraction(text);
  std::tm time = local_time(now_us);
  if (!read_clock(text, time)) return std::nullopt;
  const std::int64_t today = time_us_of(time) + fraction;
  return today <= now_us ? today : time_us_of(time, -1) + fraction;
}

/// The beginning of a day, in local time: "today", "yesterday".
std::optional<std::int64_t> parse_day(std::string_view text, std::int64_t now_us) {
  if (text != "today" && text != "yesterday") return std::nullopt;
  std::tm time = local_time(now_us);
  time.tm_hour = time.tm_min = time.tm_sec = 0;
  return time_us_of(time, text == "today" ? 0 : -1);
}

std::optional<std::int64_t> parse_date(std::string_view date_and_time) {
  // A date alone means the start of that day.
  const bool alone = has_form(date_and_time, "0000-00-00");
  const std::string whole = std::string(date_and_time) + (alone ? "T00:00" : "");
  std::string_view text = whole;
  const auto zone = take_zone(text);
  const std::int64_t fraction = take_fraction(text);
  if (text.size() < 11 || !has_form(text.substr(0, 10), "0000-00-00")) return std::nullopt;
  std::tm time{};
  time.tm_year = number(text.substr(0, 4)) - 1900;
  time.tm_mon = number(text.substr(5, 2)) - 1;
  time.tm_mday = number(text.substr(8, 2));
  // timegm(3) turns a date that does not exist, such as 31 February, into another one.
  std::tm date = time;
  (void)::timegm(&date);
  if (date.tm_mon != time.tm_mon || date.tm_mday != time.tm_mday) return std::nullopt;
  if (std::string_view("Tt ").find(text[10]) == std::string_view::npos) return std::nullopt;
  if (!read_clock(text.substr(11), time)) return std::nullopt;
  if (!zone) return time_us_of(time) + fraction;
  return (std::int64_t{::timegm(&time)} - *zone) * kSecond + fraction;
}

}  // namespace

std::string rfc3339_text(std::int64_t time_us, std::int64_t offset) {
  offset -= offset % 60;  // the oldest offsets have seconds, which RFC 3339 cannot express
  const auto seconds = static_cast<std::time_t>(time_us / kSecond + offset);
  std::tm time{};
  ::gmtime_r(&seconds, &time);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", time.tm_year + 1900, time.tm_mon + 1,
                  time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
  if (time_us % kSecond != 0) text += fmt::format(".{:06}", time_us % kSecond);
  const std::int64_t minutes = std::abs(offset) / 60;
  return text + fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::optional<std::int64_t> parse_past_time(std::string_view text, std::int64_t now_us) {
  if (const auto ago = parse_ago(text, now_us)) return ago;
  if (const auto clock = parse_clock(text, now_us)) return clock;
  if (const auto day = parse_day(text, now_us)) return day;
  return parse_date(text);
}

Result<std::int64_t> shutdown_time(std::string_view text, std::int64_t now_us) {
  if (text == "now") return now_us;
  if (text.starts_with('+')) {
    const std::string_view delay = text.substr(1);
    const auto minutes = parse_integer(delay);
    if (minutes && *minutes >= 0 && *minutes <= kMostMinutes)
      return now_us + *minutes * 60 * kSecond;
    const auto duration = minutes ? std::nullopt : parse_duration(delay);
    if (duration && *duration <= std::chrono::minutes(kMostMinutes))
      return now_us + duration->count() * (kSecond / 1000);
  }
  const std::string clock = (text.find(':') == 1 ? "0" : "") + std::string(text);  // 9:30
  std::tm time = local_time(now_us);
  if (has_form(clock, "00:00") && read_clock(clock, time)) {
    const std::int64_t today = time_us_of(time);
    return today > now_us ? today : time_us_of(time, 1);
  }
  return failure(
      fmt::format("invalid time \"{}\"; use now, +MINUTES, +DURATION or HH:MM", printable(text)));
}

}  // namespace zinit
