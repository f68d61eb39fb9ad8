// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Turns settings into keys of a service file: see draft.hpp.
#include "import/draft.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "config/foreign_keys.hpp"
#include "config/keys.hpp"
#include "config/quantities.hpp"
#include "config/templates.hpp"
#include "config/value_text.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

// Limits, because an element is compared with all earlier ones, and a reason with all reasons.
constexpr std::size_t kMostElements = 1024;  // in a list or a table, such as one of processors
constexpr std::size_t kMostLeft = 1000;
constexpr std::size_t kMostGiven = 10'000;  // settings that are carried over

/// "web.toml" and similar names would be read as service.web.toml.
const Key* key_for(std::string_view ours) {
  const std::size_t dot = ours.find('.');
  return dot == std::string_view::npos ? nullptr
                                       : find_key(ours.substr(0, dot), ours.substr(dot + 1));
}

/// A number if possible, otherwise the text.
Value number_or_text(std::string_view text) {
  const auto number = parse_integer(text);
  return number ? number_value(*number) : text_value(std::string(text));
}

/// "4G" as 4294967296, but "30m" as it is for the limit of a time; numbers unchanged; all words for
/// no limit as "infinity".
std::string limit_half(std::string_view text, Type type) {
  const std::string word = lower(trim(text));
  if (word == kInfinity || word == "unlimited" || word == "-1") return std::string(kInfinity);
  if (type == Type::time_limit) return std::string(trim(text));
  constexpr std::string_view units = "kmgt";
  const std::size_t unit = word.empty() ? units.npos : units.find(word.back());
  const auto number = parse_integer(unit == units.npos ? word : word.substr(0, word.size() - 1));
  if (!number || unit == units.npos || *number < 0 || *number > (std::int64_t{1} << 20))
    return word;
  return std::to_string(*number << (10 * (unit + 1)));
}

Value limit_value(std::string_view text, Type type) {
  std::string result;
  for (const std::string_view half : split(text, ':'))
    result += (result.empty() ? "" : ":") + limit_half(half, type);
  return number_or_text(result);
}

/// "1.5G" as 1610612736, which systemd and compose allow; "50MB" as "50M".
Value bytes_value(std::string_view text) {
  if (text.ends_with('B')) text.remove_suffix(1);
  const std::string word = upper(text);
  constexpr std::string_view units = "KMGT";
  const std::size_t unit = word.empty() ? units.npos : units.find(word.back());
  const std::string number = word.substr(0, word.size() - 1);
  if (unit == units.npos || std::ranges::count(number, '.') != 1 || number.size() > 12 ||
      number.size() < 2 || number.find_first_not_of("0123456789.") != number.npos)
    return number_or_text(word);
  const double factor = static_cast<double>(std::int64_t{1} << (10 * (unit + 1)));
  const double bytes = std::strtod(number.c_str(), nullptr) * factor;
  return bytes < 1e18 ? number_value(std::llround(bytes)) : text_value(word);
}

/// "0-2 5,7" as numbers. Other elements stay texts, which the check of the key refuses.
Value processors_value(const std::vector<std::string>& words) {
  Value value{.type = ValueType::array};
  for (const std::string& word : words) {
    for (const std::string_view part : split(word, ',')) {
      if (part.empty()) continue;
      const std::size_t dash = part.find('-');
      const auto first = parse_integer(part.substr(0, dash));
      const auto last = dash == part.npos ? first : parse_integer(part.substr(dash + 1));
      if (!first || !last || *first < 0 || *last < 0) {
        value.array.push_back(text_value(std::string(part)));
        continue;
      }
      // more than kMostElements are refused anyway
      for (auto n = *first; n <= *last && value.array.size() <= kMostElements; ++n)
        value.array.push_back(number_value(n));
    }
  }
  return value;
}

/// NAME=VALUE words as a table; nothing if a word has another form.
std::optional<Value> variables_value(const std::vector<std::string>& words) {
  Value value;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || !is_variable_name(word.substr(0, equals)))
      return std::nullopt;
    value.table[word.substr(0, equals)].value = text_value(word.substr(equals + 1));
  }
  return value;
}

/// The same for a list.
std::optional<Value> value_of_words(const Key& key, const std::vector<std::string>& words) {
  if (words.empty()) return std::nullopt;
  if (key.type == Type::cpus) return processors_value(words);
  if (key.type == Type::strings) return variables_value(words);
  if (key.type == Type::commands) return one_of(words_value(words));
  Value list = words_value(words);
  if (key.type == Type::success || key.type == Type::accounts || key.type == Type::ports)
    for (Value& element : list.array) element = number_or_text(element.string);
  return list;
}

/// The value in the type of the key, or nothing.
std::optional<Value> value_for(const Key& key, std::string_view text) {
  switch (key.type) {
    case Type::boolean:
    case Type::flag_or_word: {
      const auto flag = bool_of(text);
      return flag ? std::optional(bool_value(*flag)) : std::nullopt;
    }
    case Type::integer: {
      const auto number = parse_integer(text.starts_with('+') ? text.substr(1) : text);
      return number ? std::optional(number_value(*number)) : std::nullopt;
    }
    case Type::duration:
    case Type::timeout: {
      if (key.type == Type::timeout && lower(text) == "infinity") return text_value("infinity");
      const auto ms = milliseconds_of(text);
      if (!ms || *ms % unit_of(key).count() != 0) return std::nullopt;
      return number_value(*ms / unit_of(key).count());
    }
    case Type::account: return number_or_text(text);
    case Type::limit:
    case Type::time_limit: return limit_value(text, key.type);
    case Type::bytes: return bytes_value(text);
    case Type::calendar:
    case Type::cron: return words_value({std::string(text)});
    case Type::names:
    case Type::accounts:
    case Type::success:
    case Type::ports:
    case Type::files:
    case Type::folders:
    case Type::paths:
    case Type::labels:
    case Type::listen:
    case Type::capabilities:
    case Type::condition_paths:
    case Type::condition_words:
    case Type::virtualization:
    case Type::strings:
    case Type::cpus:
    case Type::command:
    case Type::commands:
    case Type::condition_exec: break;
    default: return text_value(std::string(text));
  }
  const auto words = split_words(text, Quoting::shell);
  return value_of_words(key, words);
}

std::size_t elements_of(const Value& value) { return value.array.size() + value.table.size(); }

/// Whether a later value is added to the earlier one.
bool grows(const Key& key, const Value& value) {
  if (value.type == ValueType::table) return true;
  return value.type == ValueType::array && key.type != Type::command &&
         key.type != Type::condition_exec;
}

void lay_on(Value& there, Value&& value) {
  if (value.type == ValueType::table && there.type == ValueType::table) {
    lay_over(there, std::move(value));
  } else if (value.type == ValueType::array && there.type == ValueType::array) {
    for (Value& element : value.array) {
      const auto same = [&](const Value& one) { return toml_value(one) == toml_value(element); };
      // The same command may be wanted twice, but not the same name.
      if (element.type == ValueType::array || std::ranges::none_of(there.array, same))
        there.array.push_back(std::move(element));
    }
  } else {
    there = std::move(value);
  }
}

}  // namespace

Value number_value(std::int64_t number) { return {.type = ValueType::integer, .integer = number}; }

Value bool_value(bool value) { return {.type = ValueType::boolean, .boolean = value}; }

Value words_value(const std::vector<std::string>& words) {
  Value value{.type = ValueType::array};
  for (const std::string& word : words) value.array.push_back(text_value(word));
  return value;
}

Value one_of(Value value) {
  Value list{.type = ValueType::array};
  list.array.push_back(std::move(value));
  return list;
}

std::optional<bool> bool_of(std::string_view text) {
  const std::string word = lower(text);
  for (const char* yes : {"yes", "true", "on", "1", "y", "t"})
    if (word == yes) return true;
  for (const char* no : {"no", "false", "off", "0", "n", "f"})
    if (word == no) return false;
  return std::nullopt;
}

std::optional<std::int64_t> bytes_of_text(std::string_view text) {
  if (text.ends_with('B') || text.ends_with('b')) text.remove_suffix(1);
  const auto number = parse_integer(text);
  return number ? std::optional<std::int64_t>(*number) : bytes_of(text_value(upper(text)));
}

std::optional<std::int64_t> milliseconds_of(std::string_view text) {
  text = trim(text);
  if (!text.empty() && text.find_first_not_of("0123456789.") == text.npos) {
    const double seconds = std::strtod(std::string(text).c_str(), nullptr);
    return seconds > 1e12 ? std::nullopt : std::optional(std::llround(seconds * 1000));
  }
  const auto duration = parse_duration(text);
  return duration ? std::optional<std::int64_t>(duration->count()) : std::nullopt;
}

Setting::Setting(std::string_view in, std::string_view name, std::string_view said, unsigned number,
                 std::string_view path)
    : section(in), key(name), value(said), line(number), file(path) {}
Setting::Setting(const Setting& other) = default;
Setting::Setting(Setting&& other) noexcept = default;
Setting& Setting::operator=(const Setting& other) = default;
Setting& Setting::operator=(Setting&& other) noexcept = default;
Setting::~Setting() = default;

Draft::Draft(std::string_view name, std::string_view source) : name_(name), source_(source) {}
Draft::Draft(Draft&& other) noexcept = default;
Draft& Draft::operator=(Draft&& other) noexcept = default;
Draft::~Draft() = default;

const Value* Draft::find(std::string_view ours) const {
  const std::size_t dot = ours.find('.');
  const Member* member = key_of(document_, ours.substr(0, dot), ours.substr(dot + 1));
  return member == nullptr ? nullptr : &member->value;
}

void Draft::put(std::string_view ours, Value value) {
  const std::size_t dot = ours.find('.');
  Value& section = document_.table[std::string(ours.substr(0, dot))].value;
  section.table[std::string(ours.substr(dot + 1))].value = std::move(value);
}

void Draft::add(std::string_view ours, Value value) {
  const Value* there = find(ours);
  if (there == nullptr) {
    Value empty{.type = value.type};
    lay_on(empty, std::move(value));
    return put(ours, std::move(empty));
  }
  Value whole = *there;
  lay_on(whole, std::move(value));
  put(ours, std::move(whole));
}

void Draft::add_variable(const std::string& name, Value value) {
  Value env;
  env.table[name].value = std::move(value);
  add("service.env", std::move(env));
}

void Draft::carry(const Setting& setting, std::string_view ours, Value value) {
  if (!may_have(ours)) return leave(setting, kTargetHasNone, ours);
  const Key* key = key_for(ours);
  if (given_.size() == kMostGiven) return leave(setting, "the service has too many settings", ours);
  const Value* const before = key != nullptr && grows(*key, value) ? find(ours) : nullptr;
  if (elements_of(value) + (before == nullptr ? 0 : elements_of(*before)) > kMostElements)
    return leave(setting, fmt::format("it makes more than {} elements", kMostElements), ours);
  std::vector<Diagnostic> found;
  Findings findings{setting.file, found};
  Value filled = value;
  if (is_template()) fill_in_name(filled, name_ + "1");
  if (key == nullptr || !check_value(*key, filled, findings))
    return leave(setting, found.empty() ? kNoSuchValue : found.front().text, ours);
  const bool more = grows(*key, value);
  if (const Value* there = find(ours); one_each_ && !more && there != nullptr)
    for (const LeftSetting& one : given_)
      if (one.place == key && one.setting.key != setting.key &&
          toml_value(*there) != toml_value(value))
        return leave(setting,
                     fmt::format("{} has given \"{}\" already, which has one value here",
                                 one.setting.key, key->name),
                     ours);
  met(setting);
  given_.push_back({setting, {}, key});
  more ? add(ours, std::move(value)) : put(ours, std::move(value));
}

bool Draft::withdraw(std::string_view ours, std::string_view reason) {
  const std::string section(ours.substr(0, ours.find('.')));
  const auto there = document_.table.find(section);
  if (there == document_.table.end()) return false;
  auto& keys = there->second.value.table;
  const auto member =
      keys.find(std::string(ours.substr(std::min(section.size() + 1, ours.size()))));
  if (member == keys.end()) {
    // The section is not allowed, or lacks a required key: remove the whole section.
    if (section == main_section() || keys.empty()) return false;
    std::vector<std::string> all;
    for (const auto& [name, one] : keys) all.push_back(fmt::format("{}.{}", section, name));
    for (const std::string& one : all) withdraw(one, fmt::format("{}: {}", ours, reason));
    return true;
  }
  const Setting own("", member->first, toml_value(member->second.value), 0, "");
  keys.erase(member);
  if (keys.empty()) document_.table.erase(there);
  const Key* const key = key_for(ours);
  bool by_setting = false;
  for (const LeftSetting& one : given_) {
    if (one.place != key) continue;
    left_.push_back({one.setting, std::string(reason), key});
    --carried_;
    by_setting = true;
  }
  std::erase_if(given_, [&](const LeftSetting& one) { return one.place == key; });
  if (!by_setting) leave(own, reason, ours);
  return true;
}

void Draft::carry_text(const Setting& setting, std::string_view ours, std::string_view text) {
  const Key* key = key_for(ours);
  std::optional<Value> value = key == nullptr ? std::nullopt : value_for(*key, trim(text));
  if (!value)
    return leave(setting, key == nullptr ? kNoSuchValue : "must be " + allowed_text(*key), ours);
  // "No limit" is the default.
  if (key->type == Type::bytes && (lower(text) == "infinity" || lower(text) == "max"))
    return met(setting);
  carry(setting, ours, *std::move(value));
}

void Draft::carry_words(const Setting& setting, std::string_view ours,
                        const std::vector<std::string>& words) {
  const Key* key = key_for(ours);
  std::optional<Value> value = key == nullptr ? std::nullopt : value_of_words(*key, words);
  value ? carry(setting, ours, *std::move(value)) : leave(setting, kNoSuchValue, ours);
}

void Draft::met(const Setting&) { ++carried_; }

void Draft::by_table(const Setting& setting, std::string_view text) {
  const ForeignMeaning meaning = foreign_meaning(setting.section, setting.key);
  // Any remark but the unit says what a person must do in addition to writing the key.
  const bool plain = meaning.remark.empty() || meaning.remark == ", in milliseconds" ||
                     (meaning.remark == ", an absolute path" && text.starts_with('/'));
  if (meaning.key != nullptr && plain) return carry_text(setting, full_name(*meaning.key), text);
  leave_by_table(setting);
}

void Draft::leave_by_table(const Setting& setting) {
  const ForeignMeaning meaning = foreign_meaning(setting.section, setting.key);
  leave(setting, meaning.known() ? meaning.advice({}) : "zinit does not know this key",
        meaning.key == nullptr ? std::string() : full_name(*meaning.key));
}

void Draft::leave(const Setting& setting, std::string_view reason, std::string_view ours) {
  if (left_.size() < kMostLeft)
    return left_.push_back({setting, std::string(reason), key_for(ours)});
  ++unnamed_;
  remark(fmt::format("more than {} settings are not carried over: the others are not named",
                     kMostLeft));
}

void Draft::remark(std::string_view text) { add_once(remarks_, std::string(text)); }

void Draft::note(std::string_view text) { notes_.emplace_back(text); }

void Draft::put_text(std::string_view ours, std::string_view text) {
  put(ours, text_value(std::string(text)));
}

void Draft::put_flag(std::string_view ours, bool flag) { put(ours, bool_value(flag)); }

}  // namespace zinit
