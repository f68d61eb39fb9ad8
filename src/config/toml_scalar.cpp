// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads scalars through toml11's public interface, which is the same in versions 3.7 and 4. toml11
// throws, but no exception leaves this file.
#include "config/toml_scalar.hpp"

#include <charconv>
#include <cstdint>
#include <new>
#include <optional>
#include <sstream>
#include <system_error>
#include <toml.hpp>

#include "base/text.hpp"

namespace zinit {

namespace {

using Scalar = tl::expected<Value, std::string>;

Value string_value(std::string_view text) {
  return {.type = ValueType::string, .string = std::string(text)};
}

/// A string without a backslash has no escapes, so its value is the text between its quotes. Nearly
/// all strings are such, and toml11 would take a hundred times as long.
std::optional<Value> plain_string(std::string_view token) {
  const char quote = token.front();
  if (quote == '"' && token.find('\\') != std::string_view::npos) return std::nullopt;
  const bool several_lines = token.size() >= 6 && token[1] == quote && token[2] == quote;
  const std::size_t quotes = several_lines ? 3 : 1;
  std::string_view inside = token.substr(quotes, token.size() - 2 * quotes);
  if (several_lines && inside.starts_with('\n')) inside.remove_prefix(1);
  return string_value(inside);
}

/// The value of a decimal, hexadecimal, octal or binary integer; nothing for any other token. If
/// the number does not fit, toml11 3.7 returns the nearest one, and version 4 reports a syntax
/// fault.
std::optional<Value> exact_integer(std::string_view token) {
  const bool sign = token.starts_with('+') || token.starts_with('-');
  std::string_view rest = token.substr(sign ? 1 : 0);
  int base = 10;
  if (!sign && rest.starts_with("0x")) base = 16;
  if (!sign && rest.starts_with("0o")) base = 8;
  if (!sign && rest.starts_with("0b")) base = 2;
  if (base != 10) rest.remove_prefix(2);
  if (base == 10 && rest.size() > 1 && rest[0] == '0') return std::nullopt;
  // The digits, with _ allowed between any two, after a - for std::from_chars().
  std::string digits(token.starts_with('-') ? "-" : "");
  bool after_digit = false;
  for (const char c : rest) {
    if (c == '-' || (c == '_' && !after_digit)) return std::nullopt;
    after_digit = c != '_';
    if (after_digit) digits += c;
  }
  if (!after_digit) return std::nullopt;
  Value value;
  value.type = ValueType::integer;
  const char* const end = digits.data() + digits.size();
  const auto [stop, fault] = std::from_chars(digits.data(), end, value.integer, base);
  if (stop != end) return std::nullopt;
  if (fault == std::errc()) return value;
  return Value{.type = ValueType::out_of_range, .string = std::string(token)};
}

/// The value that toml11 reads from the token; nothing if it is not a value. May throw.
std::optional<Value> toml11_value(std::string_view token) {
  std::istringstream line("v = " + std::string(token) + '\n');
  const toml::value document = toml::parse(line, "");
  if (document.size() != 1) return std::nullopt;
  const toml::value& value = document.as_table().begin()->second;
  if (value.is_string()) return string_value(toml::get<std::string>(value));
  if (value.is_boolean())
    return Value{.type = ValueType::boolean, .boolean = toml::get<bool>(value)};
  // No key uses these types: messages show them as written.
  if (value.is_floating()) return Value{.type = ValueType::floating, .string = std::string(token)};
  if (value.is_local_date() || value.is_local_time() || value.is_local_datetime() ||
      value.is_offset_datetime())
    return Value{.type = ValueType::datetime, .string = std::string(token)};
  return std::nullopt;
}

std::optional<Value> read(std::string_view token) {
  const bool string = token.front() == '"' || token.front() == '\'';
  auto value = string ? plain_string(token) : exact_integer(token);
  return value ? value : toml11_value(token);
}

/// What is wrong, judged by what the token seems to mean. It does not show the token, which may be
/// the value of a variable: such values may be secrets.
std::string complaint(std::string_view token) {
  const char first = token.front();
  if (first == '"' || first == '\'') {
    return "this string has a \\u or \\U escape that names no character";
  }
  if (is_digit(first) || first == '+' || first == '-' || first == '.') {
    return "this is neither a number nor a date; a string needs quotes";
  }
  return "this is not a value; a string needs quotes, a boolean is true or false";
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
