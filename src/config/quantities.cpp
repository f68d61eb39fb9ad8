// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns text into numbers. See quantities.hpp.
#include "config/quantities.hpp"

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "model/process_settings.hpp"

namespace zinit {

namespace {

/// A text for parse_duration() as a whole number of units.
std::optional<std::int64_t> whole_units(std::string_view text, Milliseconds unit) {
  const auto time = parse_duration(text);
  if (!time || *time % unit != Milliseconds{0}) return std::nullopt;
  return *time / unit;
}

std::optional<std::uint64_t> half_of_limit(std::string_view text,
                                           std::optional<Milliseconds> unit) {
  if (text == "unlimited" || text == kInfinity) return kUnlimited;
  constexpr std::int64_t none = -1;
  const std::int64_t timed = unit ? whole_units(text, *unit).value_or(none) : none;
  const std::int64_t number = parse_integer(text).value_or(timed);
  if (number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(number);
}

/// A decimal fraction as an integer: "2.5" with three places is 2500. Nothing if `text` is not such
/// a number or has more places.
std::optional<std::int64_t> decimal(std::string_view text, std::size_t places) {
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string digits(whole);
  if (point != std::string_view::npos) {
    const std::string_view fraction = text.substr(point + 1);
    if (fraction.empty() || fraction.size() > places) return std::nullopt;
    digits += fraction;
    places -= fraction.size();
  }
  digits.append(places, '0');
  const bool plain = digits.find_first_not_of("0123456789") == std::string::npos;
  if (whole.empty() || !plain) return std::nullopt;
  return parse_integer(digits);
}

}  // namespace

std::optional<SoftAndHard> limit_of(const Value& value, std::optional<Milliseconds> unit) {
  if (value.type == ValueType::integer) {
    if (value.integer < 0) return std::nullopt;
    const auto number = static_cast<std::uint64_t>(value.integer);
    return SoftAndHard{number, number};
  }
  if (value.type != ValueType::string) return std::nullopt;
  const std::string_view text = value.string;
  const auto colon = text.find(':');
  const auto soft = half_of_limit(text.substr(0, colon), unit);
  // A number without a colon must be an integer: in quotes it is probably a mistake.
  if (colon == std::string_view::npos) {
    if (!soft || parse_integer(text)) return std::nullopt;
    return SoftAndHard{*soft, *soft};
  }
  const auto hard = half_of_limit(text.substr(colon + 1), unit);
  if (!soft || !hard) return std::nullopt;
  return SoftAndHard{*soft, *hard};
}

std::optional<std::int64_t> bytes_of(const Value& value) {
  if (value.type == ValueType::integer) return value.integer;
  if (value.type != ValueType::string || value.string.size() < 2) return std::nullopt;
  constexpr std::string_view units = "KMGT";
  const std::string_view text = value.string;
  const auto unit = units.find(text.back());
  const auto number = parse_integer(text.substr(0, text.size() - 1));
  if (unit == std::string_view::npos || !number || *number < 0) return std::nullopt;
  const int shift = 10 * (static_cast<int>(unit) + 1);
  if (*number > std::numeric_limits<std::int64_t>::max() >> shift) return std::nullopt;
  return *number << shift;
}

std::optional<std::int64_t> duration_of(const Value& value, Milliseconds unit) {
  if (value.type == ValueType::integer) return value.integer;
  return value.type == ValueType::string ? whole_units(value.string, unit) : std::nullopt;
}

std::optional<std::int64_t> thousandths_of(std::string_view text) {
  const bool percent = text.ends_with('%');
  if (percent) text.remove_suffix(1);
  const auto number = decimal(text, percent ? 1 : 3);
  if (!number || *number > kMaxThousandths) return std::nullopt;
  return number;
}

std::optional<StatusRange> status_range_of(const Value& value) {
  // A number too large for an int becomes one outside every range.
  const auto code = [](long long number) {
    return static_cast<int>(std::clamp<long long>(number, -1, 1'000'000));
  };
  if (value.type == ValueType::integer)
    return StatusRange{code(value.integer), code(value.integer)};
  const std::string_view text = value.string;
  const auto dots = text.find("..");
  if (value.type != ValueType::string || dots == std::string_view::npos) return std::nullopt;
  const auto first = parse_integer(text.substr(0, dots));
  const auto last = parse_integer(text.substr(dots + 2));
  if (!first || !last) return std::nullopt;
  return StatusRange{code(*first), code(*last)};
}

}  // namespace zinit
