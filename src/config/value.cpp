// What messages say of values.
#include "config/value.hpp"

namespace zinit {

const Member* Value::find(std::string_view key) const {
  const auto found = table.find(key);
  return found == table.end() ? nullptr : &found->second;
}

void lay_over(Value& base, Value&& top) {
  for (auto& [name, member] : top.table) {
    const auto [found, fresh] = base.table.try_emplace(name);
    Value& below = found->second.value;
    const bool both_tables =
        !fresh && below.type == ValueType::table && member.value.type == ValueType::table;
    if (both_tables)
      lay_over(below, std::move(member.value));
    else
      found->second = std::move(member);
  }
}

std::string_view type_phrase(ValueType type) {
  switch (type) {
    case ValueType::boolean: return "a boolean";
    case ValueType::integer: return "an integer";
    case ValueType::floating: return "a float";
    case ValueType::string: return "a string";
    case ValueType::datetime: return "a date or time";
    case ValueType::array: return "an array";
    case ValueType::table: return "a table";
  }
  return "a value";
}

std::string quoted(std::string_view text) {
  constexpr std::size_t limit = 60;  // bytes; a line of log stays readable
  if (text.size() <= limit) return '"' + std::string(text) + '"';
  std::size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return '"' + std::string(text.substr(0, end)) + "...\"";
}

std::string shown(const Value& value) {
  switch (value.type) {
    case ValueType::boolean: return value.boolean ? "true" : "false";
    case ValueType::integer: return std::to_string(value.integer);
    case ValueType::floating:
    case ValueType::datetime: return value.string;
    case ValueType::string: return quoted(value.string);
    case ValueType::array:
    case ValueType::table: break;
  }
  return {};
}

}  // namespace zinit
