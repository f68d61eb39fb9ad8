// A tree of values as TOML (toml.io, v1.0.0).
#include "config/toml_writer.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace zinit {

namespace {

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

/// A basic string: control characters are the only ones that must not stand in it.
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

std::string key_text(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, is_bare) ? name : quoted_text(name);
}

std::string value_text(const Value& value) {
  std::string text;
  switch (value.type) {
    case ValueType::boolean: return value.boolean ? "true" : "false";
    case ValueType::integer: return std::to_string(value.integer);
    case ValueType::string: return quoted_text(value.string);
    case ValueType::vast:
    case ValueType::floating:
    case ValueType::datetime: return value.string;
    case ValueType::array:
      for (const Value& element : value.array)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", value_text(element));
      return "[" + text + "]";
    case ValueType::table:
      for (const auto& [name, member] : value.table)
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", key_text(name),
                            value_text(member.value));
      return "{" + text + "}";
  }
  return text;
}

/// What is no table first, for what follows a header belongs to it.
void put_table(std::string& text, const Value& table, const std::string& header) {
  const auto is_table = [](const Member& member) { return member.value.type == ValueType::table; };
  if (!header.empty()) text += fmt::format("{}[{}]\n", text.empty() ? "" : "\n", header);
  for (const auto& [name, member] : table.table)
    if (!is_table(member))
      text += fmt::format("{} = {}\n", key_text(name), value_text(member.value));
  for (const auto& [name, member] : table.table) {
    if (!is_table(member)) continue;
    put_table(text, member.value,
              header.empty() ? key_text(name) : fmt::format("{}.{}", header, key_text(name)));
  }
}

}  // namespace

std::string to_toml(const Value& document) {
  std::string text;
  put_table(text, document, {});
  return text;
}

}  // namespace zinit
