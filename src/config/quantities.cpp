// From text to numbers. See quantities.hpp.
#include "config/quantities.hpp"

#include "base/text.hpp"
#include "model/process_settings.hpp"

namespace zinit {

namespace {

std::optional<std::uint64_t> half_of_limit(std::string_view text) {
  if (text == "unlimited") return kUnlimited;
  const auto number = parse_integer(text);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

}  // namespace

std::optional<SoftAndHard> limit_of(const Value& value) {
  if (value.type == ValueType::integer) {
    if (value.integer < 0) return std::nullopt;
    const auto number = static_cast<std::uint64_t>(value.integer);
    return SoftAndHard{number, number};
  }
  if (value.type != ValueType::string) return std::nullopt;
  const std::string_view text = value.string;
  const auto colon = text.find(':');
  const auto soft = half_of_limit(text.substr(0, colon));
  // A number alone is written as an integer: one in quotes is as likely a mistake.
  if (colon == std::string_view::npos) {
    if (soft != kUnlimited) return std::nullopt;
    return SoftAndHard{kUnlimited, kUnlimited};
  }
  const auto hard = half_of_limit(text.substr(colon + 1));
  if (!soft || !hard) return std::nullopt;
  return SoftAndHard{*soft, *hard};
}

}  // namespace zinit
