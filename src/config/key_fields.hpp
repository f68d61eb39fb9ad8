// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Stores checked values in fields, by the field's type. Only for the table of keys (keys.cpp).
#pragma once

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/sort.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/quantities.hpp"
#include "config/shell_words.hpp"
#include "config/value_text.hpp"
#include "model/capability.hpp"
#include "model/reason.hpp"

namespace zinit {

// --- from value to field, by the field's type ----------------------------------------------------

inline void assign(bool& field, const Key&, const Value& value) { field = value.boolean; }

/// An account may be a number, but it is kept as text.
inline void assign(std::string& field, const Key&, const Value& value) {
  field = value.type == ValueType::integer ? std::to_string(value.integer) : value.string;
}

inline void assign(Milliseconds& field, const Key& key, const Value& value) {
  const bool forever = key.type == Type::timeout && value.string == kInfinity;
  field = forever ? kForever : unit_of(key) * duration_of(value, unit_of(key)).value_or(0);
}

inline void assign(std::optional<Milliseconds>& field, const Key& key, const Value& value) {
  assign(field.emplace(), key, value);
}

inline void assign(std::chrono::seconds& field, const Key& key, const Value& value) {
  field = std::chrono::seconds(duration_of(value, unit_of(key)).value_or(0));
}

/// Octal digits or an integer. An integer without a limit, such as max_restarts, is capped at 32
/// bits.
inline void assign(std::uint32_t& field, const Key& key, const Value& value) {
  if (key.type == Type::octal) {
    const char* text = value.string.data();
    std::from_chars(text, text + value.string.size(), field, 8);
    return;
  }
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  field = static_cast<std::uint32_t>(std::min(value.integer, most));
}

inline void assign(Command& field, const Key&, const Value& value) {
  if (value.type == ValueType::string) {
    if (auto command = command_from_string(value.string)) field = std::move(*command);
    return;
  }
  field.argv.clear();
  for (const Value& word : value.array) field.argv.push_back(word.string);
}

/// The negation precedes the string, or the first argument.
inline void assign(ConditionCommand& field, const Key& key, const Value& value) {
  const auto [negated, command] = negated_command(value);
  field.negated = negated;
  assign(field.command, key, command);
}

inline void assign(std::vector<Command>& field, const Key& key, const Value& value) {
  field.clear();
  const bool several = value.type == ValueType::array && !value.array.empty() &&
                       value.array.front().type == ValueType::array;
  if (!several) return assign(field.emplace_back(), key, value);
  for (const Value& command : value.array) assign(field.emplace_back(), key, command);
}

/// The value itself, or each element of an array.
inline std::vector<std::string> one_or_more(const Value& value) {
  if (value.type == ValueType::string) return {value.string};
  std::vector<std::string> texts;
  for (const Value& element : value.array) texts.push_back(element.string);
  return texts;
}

inline void assign(std::vector<EnvironmentFile>& field, const Key&, const Value& value) {
  field.clear();
  for (const std::string& text : one_or_more(value)) {
    const bool optional = text.starts_with('-');
    field.push_back({text.substr(optional ? 1 : 0), optional});
  }
}

inline void assign(std::vector<std::string>& field, const Key&, const Value& value) {
  field = one_or_more(value);
}

inline void assign(std::vector<Dependency>& field, const Key&, const Value& value) {
  field.clear();
  for (const Value& name : value.array) field.push_back({name.string, name.at});
}

inline void assign(std::optional<std::vector<std::string>>& field, const Key& key,
                   const Value& value) {
  field.emplace();
  for (const Value& element : value.array) assign(field->emplace_back(), key, element);
}

/// `false` removes a variable.
inline void assign(std::vector<std::pair<std::string, std::optional<std::string>>>& field,
                   const Key&, const Value& value) {
  field.clear();
  for (const auto& [name, member] : value.table) {
    const bool text = member.value.type == ValueType::string;
    field.emplace_back(name, text ? std::optional(member.value.string) : std::nullopt);
  }
}

inline int signal_of(const Value& value) {
  return value.type == ValueType::integer ? static_cast<int>(value.integer)
                                          : signal_number(value.string);
}

inline void assign(int& field, const Key&, const Value& value) { field = signal_of(value); }

/// Sorted, so that another order does not count as a change.
inline void assign(EndSet& field, const Key& key, const Value& value) {
  field = {};
  for (const Value& end : value.array) {
    const bool code = end.type == ValueType::integer;
    // Exit code 0 is always success, so a list with 0 equals one without it.
    if (code && end.integer == 0 && key.name == "success") continue;
    (code ? field.codes : field.signals).push_back(signal_of(end));
  }
  for (auto* numbers : {&field.codes, &field.signals}) sort_unique(*numbers);
}

inline void assign(std::vector<StatusRange>& field, const Key&, const Value& value) {
  field.clear();
  for (const Value& range : value.array)
    field.push_back(status_range_of(range).value_or(StatusRange{}));
}

/// The words begin with the second enumerator: the first, none, means that there is no [health].
inline void assign(ProbeType& field, const Key& key, const Value& value) {
  const auto word = std::find(key.words.begin(), key.words.end(), value.string);
  field = static_cast<ProbeType>(word - key.words.begin() + 1);
}

inline void assign(std::optional<bool>& field, const Key&, const Value& value) {
  field = value.boolean;
}

inline void assign(std::optional<int>& field, const Key&, const Value& value) {
  field = static_cast<int>(value.integer);
}

inline void assign(std::optional<std::uint32_t>& field, const Key& key, const Value& value) {
  if (value.string == kInfinity) return field.reset();
  if (key.type == Type::processors)
    field = static_cast<std::uint32_t>(thousandths_of(value.string).value_or(0));
  else
    assign(field.emplace(), key, value);
}

/// Sorted, so that another order does not count as a change.
inline void assign(std::vector<int>& field, const Key&, const Value& value) {
  field.clear();
  for (const Value& number : value.array) field.push_back(static_cast<int>(number.integer));
  sort_unique(field);
}

/// Bytes, or a bit mask of capabilities.
inline void assign(std::optional<std::uint64_t>& field, const Key& key, const Value& value) {
  if (value.string == kInfinity) return field.reset();
  if (key.type == Type::bytes) {
    field = static_cast<std::uint64_t>(bytes_of(value).value_or(0));
    return;
  }
  field = 0;
  for (const Value& name : value.array)
    *field |= std::uint64_t{1} << capability_number(name.string).value_or(0);
}

/// "systemd", or "fd:N".
inline void assign(NotifyWay& field, const Key&, const Value& value) {
  field = NotifyWay{Notify::systemd, -1};
  if (value.string == kNotifySystemd) return;
  const auto fd = parse_integer(std::string_view(value.string).substr(kNotifyFd.size()));
  field = NotifyWay{Notify::newline, static_cast<int>(fd.value_or(-1))};
}

/// The words of Type::flag_or_word come after the enumerators of false and true.
template <class Enum>
requires std::is_enum_v<Enum>
void assign(Enum& field, const Key& key, const Value& value) {
  if (value.type == ValueType::boolean) {
    field = static_cast<Enum>(value.boolean ? 1 : 0);
    return;
  }
  const auto word = std::find(key.words.begin(), key.words.end(), value.string);
  field = static_cast<Enum>(word - key.words.begin() + (key.type == Type::flag_or_word ? 2 : 0));
}

template <class Enum>
requires std::is_enum_v<Enum>
void assign(std::optional<Enum>& field, const Key& key, const Value& value) {
  assign(field.emplace(), key, value);
}

template <class T>
void assign(OrDefault<T>& field, const Key& key, const Value& value) {
  assign(field.edit(), key, value);
}

// --- from row to field ---------------------------------------------------------------------------

inline ServiceSpec& part(Destination& to, ServiceSpec*) { return *to.spec; }
inline ServiceDirectories& part(Destination& to, ServiceDirectories*) {
  return to.spec->directories.edit();
}
inline Dependencies& part(Destination& to, Dependencies*) { return to.spec->dependencies.edit(); }
inline Lifecycle& part(Destination& to, Lifecycle*) { return to.spec->lifecycle; }
inline HealthCheck& part(Destination& to, HealthCheck*) { return to.spec->health.edit(); }
inline Readiness& part(Destination& to, Readiness*) { return to.spec->readiness.edit(); }
inline Logging& part(Destination& to, Logging*) { return to.spec->logging.edit(); }
inline ProcessSettings& part(Destination& to, ProcessSettings*) { return to.spec->process.edit(); }
inline Resources& part(Destination& to, Resources*) { return to.spec->resources.edit(); }
inline TimerSpec& part(Destination& to, TimerSpec*) { return to.spec->timer.edit(); }
inline PathSpec& part(Destination& to, PathSpec*) { return to.spec->path.edit(); }
inline SocketSpec& part(Destination& to, SocketSpec*) { return to.spec->socket.edit(); }
inline ConditionSpec& part(Destination& to, ConditionSpec*) { return to.spec->condition.edit(); }
inline ProxyKeys& part(Destination& to, ProxyKeys*) { return *to.proxy; }
inline GlobalSettings& part(Destination& to, GlobalSettings*) { return *to.settings; }

template <class Owner, class Field>
Owner* owner_of(Field Owner::*) {
  return nullptr;
}

template <auto Member>
void store(Destination& to, const Key& key, const Value& value) {
  assign(part(to, owner_of(Member)).*Member, key, value);
}

// --- from a proxy's field to the value of its key ------------------------------------------------

inline Value as_value(const std::string& field) { return text_value(field); }
inline Value as_value(bool field) { return {.type = ValueType::boolean, .boolean = field}; }
inline Value as_value(int field) { return {.type = ValueType::integer, .integer = field}; }
inline Value as_value(std::chrono::seconds field) {
  return {.type = ValueType::integer, .integer = field.count()};
}
inline Value as_value(const std::vector<std::string>& field) {
  Value value{.type = ValueType::array};
  for (const std::string& text : field) value.array.push_back(text_value(text));
  return value;
}

template <auto Member>
Value value(const ProxySpec& proxy) {
  return as_value(proxy.*Member);
}

// --- limits --------------------------------------------------------------------------------------

/// Replaces an earlier value, such as a default, and keeps the limits sorted.
template <Limit Which>
void store_limit(Destination& to, const Key& key, const Value& value) {
  const auto unit = key.type == Type::time_limit ? std::optional(unit_of(key)) : std::nullopt;
  const SoftAndHard both = limit_of(value, unit).value_or(SoftAndHard{kUnlimited, kUnlimited});
  std::vector<LimitSetting>& limits = to.spec->limits.edit();
  auto at = std::find_if(limits.begin(), limits.end(),
                         [](const LimitSetting& setting) { return setting.which >= Which; });
  if (at == limits.end() || at->which != Which) at = limits.insert(at, LimitSetting{});
  *at = {Which, both.soft, both.hard};
}

}  // namespace zinit
