// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns values into JSON and back, and into TOML. It may recurse: kMaxDepth limits documents.
#include "config/value_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "config/toml_reader.hpp"

namespace zinit {

namespace {

// --- JSON ---

constexpr double kMaxExact = 9007199254740992;  // 2^53

/// Numbers of TOML that JSON lacks (inf, nan, 1_000.0, +1.0, too large ones) become strings. Zero
/// is written as 0.0: RapidJSON normalises 0e99 by counting the bits before the first set one.
void write_number(JsonWriter& writer, const std::string& text) {
  const bool in_json =
      !text.starts_with('+') && text.find_first_not_of("0123456789.eE+-") == std::string::npos;
  const double number = std::strtod(text.c_str(), nullptr);
  if (!in_json || !std::isfinite(number))
    writer.put(text);
  else
    writer.put_raw(number != 0 ? text : std::signbit(number) ? "-0.0" : "0.0");
}

void write(JsonWriter& writer, const Value& value) {
  switch (value.type) {
    case ValueType::boolean: writer.put(value.boolean); return;
    case ValueType::integer: writer.put(value.integer); return;
    case ValueType::out_of_range:
    case ValueType::floating: return write_number(writer, value.string);
    case ValueType::datetime:
    case ValueType::string: writer.put(value.string); return;
    case ValueType::array:
      writer.begin_array();
      for (const Value& element : value.array) write(writer, element);
      writer.end_array();
      return;
    case ValueType::table:
      writer.begin_object();
      for (const auto& [name, member] : value.table) write(writer.key(name), member.value);
      writer.end_object();
  }
}

using Read = tl::expected<Value, std::string>;

class ValueReader {
 public:
  Read read(const JsonValue& json, const std::string& path, int depth) {
    if (depth > kMaxDepth) return fault(path, "nested too deep");
    if (++values_ > kMaxValues) return fault(path, "has too many values");
    switch (json.GetType()) {
      case rapidjson::kObjectType: return table(json, path, depth);
      case rapidjson::kArrayType: return array(json, path, depth);
      case rapidjson::kNumberType: return number(json);
      case rapidjson::kNullType: return fault(path, "null is not allowed here");
      case rapidjson::kStringType:
        // RapidJSON turns a lone surrogate into bytes that are not UTF-8.
        if (!valid_utf8(text_of(json))) return fault(path, "is not valid Unicode");
        return Value{.type = ValueType::string, .string = std::string(text_of(json))};
      case rapidjson::kFalseType:
      case rapidjson::kTrueType: break;
    }
    return Value{.type = ValueType::boolean, .boolean = json.GetBool()};
  }

 private:
  static tl::unexpected<std::string> fault(const std::string& path, std::string_view what) {
    return tl::unexpected(fmt::format("{}: {}", path.empty() ? "config" : path, what));
  }

  static Value number(const JsonValue& json) {
    if (json.IsInt64()) return {.type = ValueType::integer, .integer = json.GetInt64()};
    if (json.IsUint64())
      return {.type = ValueType::out_of_range, .string = std::to_string(json.GetUint64())};
    // JSON does not distinguish integers from other numbers: 2.0 is an integer too, if a double
    // holds it exactly.
    const double number = json.GetDouble();
    const bool whole = number == std::floor(number);
    if (whole && std::abs(number) <= kMaxExact)
      return {.type = ValueType::integer, .integer = static_cast<std::int64_t>(number)};
    return {.type = whole ? ValueType::out_of_range : ValueType::floating,
            .string = fmt::format("{}", number)};
  }

  Read array(const JsonValue& json, const std::string& path, int depth) {
    Value value;
    value.type = ValueType::array;
    for (const JsonValue& element : json.GetArray()) {
      Read read_element = read(element, path, depth + 1);
      if (!read_element) return read_element;
      value.array.push_back(*std::move(read_element));
    }
    return value;
  }

  Read table(const JsonValue& json, const std::string& path, int depth) {
    Value value;
    for (const auto& member : json.GetObject()) {
      if (member.value.IsNull()) continue;
      std::string name(text_of(member.name));
      if (!valid_utf8(name)) return fault(path, "has a name that is not valid Unicode");
      const std::string below = path.empty() ? name : fmt::format("{}.{}", path, name);
      Read read_member = read(member.value, below, depth + 1);
      if (!read_member) return read_member;
      const auto [at, fresh] = value.table.try_emplace(std::move(name));
      if (!fresh) return fault(below, "is there twice");
      at->second.value = *std::move(read_member);
    }
    return value;
  }

  int values_ = 0;
};

// --- TOML (toml.io, v1.0.0) ---

/// A basic string of TOML. Only quotes, backslashes and control characters need escapes.
std::string quoted_text(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      result.append({'\\', c});
    else if (c == '\n')
      result += "\\n";
    else if (c == '\t')
      result += "\\t";
    else if (byte < 0x20 || byte == 0x7f)
      result += fmt::format("\\u{:04X}", byte);
    else
      result += c;
  }
  return result + '"';
}

}  // namespace

std::string toml_key(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, bare_key_character) ? name : quoted_text(name);
}

std::string toml_value(const Value& value) {
  std::string text;
  switch (value.type) {
    case ValueType::boolean: return value.boolean ? "true" : "false";
    case ValueType::integer: return std::to_string(value.integer);
    case ValueType::string: return quoted_text(value.string);
    case ValueType::out_of_range:
    case ValueType::floating:
    case ValueType::datetime: return value.string;
    case ValueType::array:
      for (const Value& element : value.array)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", toml_value(element));
      return "[" + text + "]";
    case ValueType::table:
      for (const auto& [name, member] : value.table)
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", toml_key(name),
                            toml_value(member.value));
      return "{" + text + "}";
  }
  return text;
}

namespace {

/// Writes tables last, because every key after a header would belong to its table.
void put_table(std::string& text, const Value& table, const std::string& header) {
  const auto is_table = [](const Member& member) { return member.value.type == ValueType::table; };
  if (!header.empty()) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", header);
  for (const auto& [name, member] : table.table)
    if (!is_table(member))
      text += fmt::format("{} = {}\n", toml_key(name), toml_value(member.value));
  for (const auto& [name, member] : table.table) {
    if (!is_table(member)) continue;
    put_table(text, member.value,
              header.empty() ? toml_key(name) : fmt::format("{}.{}", header, toml_key(name)));
  }
}

}  // namespace

Value text_value(std::string text) {
  return {.type = ValueType::string, .string = std::move(text)};
}

std::string to_json(const Value& document) {
  JsonWriter writer;
  write(writer, document);
  return writer.take();
}

tl::expected<Value, std::string> value_from_json(const JsonValue& json) {
  if (!json.IsObject()) return tl::unexpected<std::string>("config: is not an object of sections");
  return ValueReader().read(json, {}, 0);
}

std::string to_toml(const Value& document) {
  std::string text;
  put_table(text, document, {});
  return text;
}

}  // namespace zinit
