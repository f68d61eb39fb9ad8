// Scalars by toml11. It throws; nothing leaves this file but values.
#include "config/toml_scalar.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <toml.hpp>

#include "base/format.hpp"

namespace zinit {

namespace {

using TomlValue = toml::basic_value<toml::discard_comments, std::map>;
using Scalar = tl::expected<Value, std::string>;

/// The number that an integer token writes. toml11 gives the nearest that fits without a word.
Scalar exact_integer(std::string_view token) {
  std::string digits(token);
  std::erase(digits, '_');
  int base = 10;
  if (digits.starts_with("0x")) base = 16;
  if (digits.starts_with("0o")) base = 8;
  if (digits.starts_with("0b")) base = 2;
  errno = 0;
  const long long number = std::strtoll(digits.c_str() + (base == 10 ? 0 : 2), nullptr, base);
  if (errno == ERANGE) {
    return tl::unexpected(
        fmt::format("{} does not fit in an integer, which has 64 bits and a sign", token));
  }
  Value value;
  value.type = ValueType::integer;
  value.integer = number;
  return value;
}

Scalar convert(const TomlValue& parsed, std::string_view token) {
  Value value;
  switch (parsed.type()) {
    case toml::value_t::boolean:
      value.type = ValueType::boolean;
      value.boolean = parsed.as_boolean();
      return value;
    case toml::value_t::integer: return exact_integer(token);
    case toml::value_t::string:
      value.type = ValueType::string;
      value.string = parsed.as_string().str;
      return value;
    case toml::value_t::floating: value.type = ValueType::floating; break;
    default: value.type = ValueType::datetime; break;
  }
  value.string = token;
  return value;
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
    // The public door, toml::parse(), takes a stream and is five times as slow for one value.
    toml::detail::location location("", std::string(token));
    const auto parsed = toml::detail::parse_value<TomlValue>(location);
    if (parsed && location.iter() == location.end()) return convert(parsed.unwrap(), token);
    return tl::unexpected(complaint(token));
  } catch (const std::bad_alloc&) {
    return tl::unexpected(std::string("no memory left to read this value"));
  } catch (...) {
    return tl::unexpected(complaint(token));
  }
}

}  // namespace zinit
