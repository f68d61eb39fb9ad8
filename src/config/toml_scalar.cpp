// Reads scalars with toml11's lexers. Its parsers would be 55 KB more of the program: what they
// make of numbers and dates is not used, and their messages name its own functions. toml11 throws;
// no exception leaves this file.
#include "config/toml_scalar.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <toml/lexer.hpp>

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

/// Whether the whole token is what `Lexer` stands for.
template <class Lexer>
bool is(toml::detail::location& location) {
  location.reset(location.begin());
  return Lexer::invoke(location).is_ok() && location.iter() == location.end();
}

/// The number that two digits of a token stand for.
int two_digits(std::string_view token, std::size_t at) {
  return (token[at] - '0') * 10 + (token[at + 1] - '0');
}

/// Of a token that has the form of a date.
bool is_a_day(std::string_view token) {
  using namespace std::chrono;
  const year_month_day date{year{two_digits(token, 0) * 100 + two_digits(token, 2)},
                            month{static_cast<unsigned>(two_digits(token, 5))},
                            day{static_cast<unsigned>(two_digits(token, 8))}};
  return date.ok();
}

/// Of one that has the form of a time at `at`, perhaps with an offset from UTC. A minute may have a
/// leap second.
bool is_a_time(std::string_view token, std::size_t at) {
  const auto good = [&](std::size_t hour, int most_seconds) {
    return two_digits(token, hour) < 24 && two_digits(token, hour + 3) < 60 &&
           (most_seconds == 0 || two_digits(token, hour + 6) <= most_seconds);
  };
  const auto sign = token.find_first_of("+-", at);
  return good(at, 60) && (sign == std::string_view::npos || good(sign + 1, 0));
}

bool is_datetime(std::string_view token, toml::detail::location& location) {
  using namespace toml::detail;
  if (is<lex_local_date>(location)) return is_a_day(token);
  if (is<lex_local_time>(location)) return is_a_time(token, 0);
  if (!is<either<lex_offset_date_time, lex_local_date_time>>(location)) return false;
  return is_a_day(token) && is_a_time(token, 11);
}

/// Appends a character in UTF-8. @return  false if there is none of that number
bool append_character(std::string& text, std::uint32_t code) {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
  const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto put_rest = [&](int shift) {
    for (; shift >= 0; shift -= 6) put(0x80 | ((code >> shift) & 0x3f));
  };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | code >> 6);
    put_rest(0);
  } else if (code < 0x10000) {
    put(0xe0 | code >> 12);
    put_rest(6);
  } else {
    put(0xf0 | code >> 18);
    put_rest(12);
  }
  return true;
}

/// What the inside of a string in double quotes stands for; all of its escapes are known ones.
std::optional<std::string> unescaped(std::string_view inside) {
  constexpr std::string_view kEscapes = "btnfr\"\\";
  constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
  std::string text;
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] != '\\') {
      text += inside[at];
      continue;
    }
    const char escape = inside[++at];
    if (escape == 'u' || escape == 'U') {
      const std::size_t digits = escape == 'u' ? 4 : 8;
      std::uint32_t code = 0;
      std::from_chars(&inside[at + 1], &inside[at + 1] + digits, code, 16);
      if (!append_character(text, code)) return std::nullopt;
      at += digits;
    } else if (const auto known = kEscapes.find(escape); known != std::string_view::npos) {
      text += kMeanings[known];
    } else {  // the end of a line, perhaps after blanks: all of these are left out
      at = std::min(inside.find_first_not_of(" \t\r\n", at), inside.size()) - 1;
    }
  }
  return text;
}

std::optional<std::string> string_of(std::string_view token, toml::detail::location& location) {
  using namespace toml::detail;
  if (!is<lex_string>(location)) return std::nullopt;
  const bool basic = token.front() == '"';
  const bool several_lines = token.starts_with("\"\"\"") || token.starts_with("'''");
  const std::size_t quotes = several_lines ? 3 : 1;
  std::string_view inside = token.substr(quotes, token.size() - 2 * quotes);
  if (several_lines && inside.starts_with("\r\n")) inside.remove_prefix(1);
  if (several_lines && inside.starts_with('\n')) inside.remove_prefix(1);
  return basic ? unescaped(inside) : std::string(inside);
}

/// Nothing if the token is no value.
std::optional<Value> read(std::string_view token) {
  using namespace toml::detail;
  location location("", std::string(token));
  if (token.front() == '"' || token.front() == '\'') {
    const auto text = string_of(token, location);
    return text ? std::optional(Value{.type = ValueType::string, .string = *text}) : std::nullopt;
  }
  if (is<lex_boolean>(location))
    return Value{.type = ValueType::boolean, .boolean = token == "true"};
  if (is<lex_integer>(location)) return exact_integer(token);
  // Of these no key makes use: they are shown in messages as they stand.
  if (is<lex_float>(location))
    return Value{.type = ValueType::floating, .string = std::string(token)};
  if (is_datetime(token, location))
    return Value{.type = ValueType::datetime, .string = std::string(token)};
  return std::nullopt;
}

/// What is wrong, judged by what the token seems to be meant as. toml11's own messages have several
/// lines and name its functions.
std::string complaint(std::string_view token) {
  const char first = token.front();
  if (first == '"' || first == '\'') {
    return "this string has a \\u or \\U escape that names no character";
  }
  const std::string name = in_quotes(token).substr(1, in_quotes(token).size() - 2);
  if ((first >= '0' && first <= '9') || first == '+' || first == '-' || first == '.') {
    return fmt::format("{} is neither a number nor a date; a string needs quotes", name);
  }
  return fmt::format("{} is not a value; a string needs quotes, a boolean is true or false", name);
}

}  // namespace

Scalar toml_scalar(std::string_view token) {
  try {
    if (auto value = read(token)) return *std::move(value);
    return tl::unexpected(complaint(token));
  } catch (const std::bad_alloc&) {
    return tl::unexpected(std::string("no memory left to read this value"));
  } catch (...) {
    return tl::unexpected(complaint(token));
  }
}

}  // namespace zinit
