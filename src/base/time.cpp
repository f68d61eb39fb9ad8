// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Clock arithmetic that cannot overflow, and durations in words.
#include "base/time.hpp"

#include <algorithm>
#include <climits>
#include <cmath>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr double kMostMs = 1e15;

struct Unit {
  std::string_view name;
  double ms;
};

constexpr Unit kUnits[] = {
    {"ms", 1},
    {"msec", 1},
    {"s", 1e3},
    {"sec", 1e3},
    {"second", 1e3},
    {"seconds", 1e3},
    {"m", 60e3},
    {"min", 60e3},
    {"minute", 60e3},
    {"minutes", 60e3},
    {"h", 3600e3},
    {"hr", 3600e3},
    {"hour", 3600e3},
    {"hours", 3600e3},
    {"d", 86400e3},
    {"day", 86400e3},
    {"days", 86400e3},
    {"w", 7 * 86400e3},
    {"week", 7 * 86400e3},
    {"weeks", 7 * 86400e3},
};

/// The value of digits with at most one point, after which 18 digits count; nullopt for other text.
/// libc++ before 20 has no std::from_chars() for a double, and strtod() depends on the locale.
std::optional<double> parse_decimal(std::string_view text) {
  double digits = 0;
  double scale = 1;
  bool any = false;
  bool fraction = false;
  for (const char c : text) {
    if (c == '.') {
      if (fraction) return std::nullopt;
      fraction = true;
      continue;
    }
    if (scale >= 1e18) continue;
    digits = digits * 10 + (c - '0');
    if (fraction) scale *= 10;
    any = true;
  }
  return any ? std::optional(digits / scale) : std::nullopt;
}

/// Takes the characters for which `belongs` is true from the beginning of `text`, without the
/// blanks around them.
template <class Belongs>
std::string_view take(std::string_view& text, Belongs belongs) {
  const auto end = std::ranges::find_if_not(text, belongs);
  const std::string_view taken(text.begin(), end);
  text = trim(std::string_view(end, text.end()));
  return taken;
}

}  // namespace

TimePoint after(TimePoint from, Milliseconds delay) noexcept {
  const TimePoint late = std::max(from, TimePoint{});  // times before the epoch leave enough room
  if (delay >= std::chrono::duration_cast<Milliseconds>(kNever - late)) return kNever;
  return from + delay;
}

std::int64_t wall_us() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

std::tm local_time(std::int64_t time_us) noexcept {
  const auto seconds = static_cast<std::time_t>(time_us / 1'000'000);
  std::tm time{};
  ::localtime_r(&seconds, &time);
  return time;
}

std::string date_time(std::int64_t time_us) {
  const std::tm time = local_time(time_us);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", time.tm_year + 1900, time.tm_mon + 1,
                     time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
}

std::int64_t ms_between(TimePoint from, TimePoint to) noexcept {
  if (to <= from) return 0;
  return std::chrono::duration_cast<Milliseconds>(to - from).count();
}

int poll_ms(TimePoint when) noexcept {
  if (when == kNever) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(when - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
}

std::optional<Milliseconds> parse_duration(std::string_view text) {
  double ms = 0;
  text = trim(text);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::string_view digits = take(text, [](char c) { return is_digit(c) || c == '.'; });
    const std::string_view name = take(text, is_letter);
    const auto* const unit = std::ranges::find(kUnits, name, &Unit::name);
    const std::optional<double> number = parse_decimal(digits);
    if (unit == std::end(kUnits) || !number) return std::nullopt;
    ms += *number * unit->ms;
  }
  // 0.1 has no exact binary form: less than a millionth of a millisecond does not count
  return Milliseconds(static_cast<std::int64_t>(std::ceil(std::min(ms, kMostMs) - 1e-6)));
}

std::string duration_text(std::int64_t ms) {
  constexpr std::int64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  if (ms < second) return fmt::format("{} ms", ms);
  if (ms < minute) return fmt::format("{:.1f} s", static_cast<double>(ms / 100) / 10);
  if (ms < hour) return fmt::format("{} min {} s", ms / minute, ms % minute / second);
  if (ms < day) return fmt::format("{} h {} min", ms / hour, ms % hour / minute);
  return fmt::format("{} d {} h", ms / day, ms % day / hour);
}

std::string us_text(std::int64_t us) { return duration_text(std::max<std::int64_t>(us, 0) / 1000); }

std::string countdown_text(std::int64_t ms) {
  if (ms < 100) return "now";
  return ms < 1000 ? fmt::format("in 0.{} s", ms / 100) : "in " + duration_text(ms);
}

}  // namespace zinit
