// Reads scalars with toml11. It throws; no exception leaves this file.
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

/// The number that an integer token stands for. toml11 would silently give the nearest that fits.
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
  value.type = errno == ERANGE ? ValueType::out_of_range : ValueType::integer;
  if (value.type == ValueType::out_of_range) value.string = token;
  return value;
}

/// The value that `make` makes of `parsed`, one of toml11's results; nothing if `parsed` has no
/// value, or if something follows it in the token.
template <class Parsed, class Make>
std::optional<Scalar> whole(Parsed parsed, const toml::detail::location& location, Make make) {
  if (!parsed || location.iter() != location.end()) return std::nullopt;
  return make(parsed.unwrap().first);
}

/// Nothing if the token is no value of that type.
std::optional<Scalar> read(toml::value_t type, toml::detail::location& location,
                           std::string_view token) {
  using namespace toml::detail;
  const auto boolean = [](bool found) {
    return Value{.type = ValueType::boolean, .boolean = found};
  };
  const auto integer = [&](const auto&) { return exact_integer(token); };
  const auto string = [](const toml::string& found) {
    return Value{.type = ValueType::string, .string = found.str};
  };
  const auto floating = [&](const auto&) {
    return Value{.type = ValueType::floating, .string = std::string(token)};
  };
  const auto datetime = [&](const auto&) {
    return Value{.type = ValueType::datetime, .string = std::string(token)};
  };
  switch (type) {
    case toml::value_t::boolean: return whole(parse_boolean(location), location, boolean);
    case toml::value_t::integer: return whole(parse_integer(location), location, integer);
    case toml::value_t::string: return whole(parse_string(location), location, string);
    case toml::value_t::floating: return whole(parse_floating(location), location, floating);
    case toml::value_t::offset_datetime:
      return whole(parse_offset_datetime(location), location, datetime);
    case toml::value_t::local_datetime:
      return whole(parse_local_datetime(location), location, datetime);
    case toml::value_t::local_date: return whole(parse_local_date(location), location, datetime);
    case toml::value_t::local_time: return whole(parse_local_time(location), location, datetime);
    default: return std::nullopt;
  }
}

/// What is wrong, judged by what the token seems to be meant as. toml11's own messages have several
/// lines and name its functions.
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
    // The public toml::parse() takes a stream and is five times as slow for one value.
    // toml::detail::parse_value() would link the code for arrays and tables as well, 60 KB.
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
