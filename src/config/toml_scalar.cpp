// Scalars by toml11. It throws; nothing leaves this file but values.
#include "config/toml_scalar.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <toml.hpp>

#include "base/format.hpp"

namespace zinit {

namespace {

using Scalar = tl::expected<Value, std::string>;

/// The number that an integer token writes. toml11 gives the nearest that fits without a word.
Value exact_integer(std::string_view token) {
  std::string digits(token);
  std::erase(digits, '_');
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (digits.starts_with("0b")) base = 2;
  Value value;
  errno = 0;
  value.integer = std::strtoll(digits.c_str() + (base == 10 ? 0 : 2), nullptr, base);
  value.type = errno == ERANGE ? ValueType::vast : ValueType::integer;
  if (value.type == ValueType::vast) value.string = token;
  return value;
}

/// What `parsed`, one of toml11's results, has as its value; nothing where it is none, or where
/// something stands behind it.
template <class Parsed>
auto* value_in(Parsed& parsed, const toml::detail::location& location) {
  return parsed && location.iter() == location.end() ? &parsed.unwrap().first : nullptr;
}

/// Nothing where the token is no value.
std::optional<Scalar> read(toml::value_t type, toml::detail::location& location,
                           std::string_view token) {
  using namespace toml::detail;
  const auto as_text = [&](const auto& parsed, ValueType as) -> std::optional<Scalar> {
    if (value_in(parsed, location) == nullptr) return std::nullopt;
    Value value;
    value.type = as;
    value.string = token;
    return value;
  };
  switch (type) {
    case toml::value_t::boolean: {
      const auto parsed = parse_boolean(location);
      const auto* found = value_in(parsed, location);
      if (found == nullptr) return std::nullopt;
      Value value;
      value.type = ValueType::boolean;
      value.boolean = *found;
      return value;
    }
    case toml::value_t::integer: {
      const auto parsed = parse_integer(location);
      if (value_in(parsed, location) == nullptr) return std::nullopt;
      return exact_integer(token);
    }
    case toml::value_t::string: {
      const auto parsed = parse_string(location);
      const auto* found = value_in(parsed, location);
      if (found == nullptr) return std::nullopt;
      Value value;
      value.type = ValueType::string;
      value.string = found->str;
      return value;
    }
    case toml::value_t::floating: return as_text(parse_floating(location), ValueType::floating);
    case toml::value_t::offset_datetime:
      return as_text(parse_offset_datetime(location), ValueType::datetime);
    case toml::value_t::local_datetime:
      return as_text(parse_local_datetime(location), ValueType::datetime);
    case toml::value_t::local_date:
      return as_text(parse_local_date(location), ValueType::datetime);
    case toml::value_t::local_time:
      return as_text(parse_local_time(location), ValueType::datetime);
    default: return std::nullopt;
  }
}

/// What is wrong, by what the token seems to be meant as: toml11's own texts are of several lines
/// and speak of its functions.
std::string complaint(std::string_view token) {
  const char first = token.front();
  if (first == '"' || first == '\'') {
    return "this string has a \\u or \\U escape that names no character";
  }
  const std::string name = quoted(token).substr(1, quoted(token).size() - 2);
  if ((first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.') {
    return fmt::format("{} is neither a number nor a date; a string needs quotes", name);
  }
  return fmt::format("{} is no value; a string needs quotes, a boolean is true or false", name);
}

}  // namespace

Scalar toml_scalar(std::string_view token) {
  try {
    // The public door, toml::parse(), takes a stream and is five times as slow for one value; the
    // one for any value, toml::detail::parse_value(), brings arrays and tables along, 60 KB.
    toml::detail::location location("", std::string(token));
    const auto type = toml::detail::guess_value_type(location);
    if (type)
      if (auto scalar = read(type.unwrap(), location, token)) return *std::move(scalar);
    return tl::unexpected(complaint(token));
  } catch (const std::bad_alloc&) {
    return tl::unexpected(std::string("no memory left to read this value"));
  } catch (...) {
    return tl::unexpected(complaint(token));
  }
}

}  // namespace zinit
