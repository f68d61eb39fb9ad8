// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Looks up members of values, lays values over one another, and shows them in messages.
#include "config/value.hpp"

#include "base/text.hpp"
#include "model/condition_spec.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMostShown = 60;  // bytes; keeps a log line readable

}  // namespace

const Member* Value::find(std::string_view key) const {
  const auto found = table.find(key);
  return found == table.end() ? nullptr : &found->second;
}

const Member* section_of(const Value& document, std::string_view name) {
  const Member* member = document.find(name);
  return member != nullptr && member->value.type == ValueType::table ? member : nullptr;
}

const Member* key_of(const Value& document, std::string_view section, std::string_view name) {
  const Member* member = section_of(document, section);
  return member == nullptr ? nullptr : member->value.find(name);
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

std::size_t memory_of(const Value& value) {
  std::size_t bytes = sizeof value + value.string.capacity();
  for (const Value& element : value.array) bytes += memory_of(element);
  for (const auto& [name, member] : value.table)
    bytes += sizeof(decltype(value.table)::value_type) + name.capacity() + memory_of(member.value);
  return bytes;
}

std::pair<bool, Value> negated_command(const Value& value) {
  Value command = value;
  Value* const first =
      value.type == ValueType::array && !value.array.empty() ? &command.array.front() : &command;
  if (first->type != ValueType::string || !first->string.starts_with(kNegation))
    return {false, std::move(command)};
  first->string.erase(0, 1);
  return {true, std::move(command)};
}

std::string_view type_phrase(ValueType type) {
  switch (type) {
    case ValueType::boolean: return "a boolean";
    case ValueType::integer: return "an integer";
    case ValueType::out_of_range: return "an integer out of range (64 bits)";
    case ValueType::floating: return "a float";
    case ValueType::string: return "a string";
    case ValueType::datetime: return "a date or time";
    case ValueType::array: return "an array";
    case ValueType::table: return "a table";
  }
  return "a value";
}

std::string in_quotes(std::string_view text) { return '"' + shortened(text, kMostShown) + '"'; }

std::string shown(const Value& value) {
  switch (value.type) {
    case ValueType::boolean: return value.boolean ? "true" : "false";
    case ValueType::integer: return std::to_string(value.integer);
    case ValueType::out_of_range:
    case ValueType::floating:
    case ValueType::datetime: return shortened(value.string, kMostShown);
    case ValueType::string: return in_quotes(value.string);
    case ValueType::array:
    case ValueType::table: break;
  }
  return {};
}

}  // namespace zinit
