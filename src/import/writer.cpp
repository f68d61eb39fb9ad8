// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The text of a service file: see writer.hpp.
#include "import/writer.hpp"

#include <vector>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kLongestValue = 300;  // of a setting in a comment

/// A comment of any length, in lines of kColumns.
std::string comment(std::string_view text, std::string_view indent = "") {
  std::string result, line = fmt::format("# {}", indent);
  const std::size_t empty = line.size();
  for (const std::string_view word : split(text, ' ')) {
    if (line.size() > empty && line.size() + 1 + word.size() > kColumns) {
      result += line + "\n";
      line = fmt::format("# {}", indent);
    }
    if (line.size() > empty) line += ' ';
    line += word;
  }
  return result + line + "\n";
}

/// An array on several lines, with its elements below each other.
std::string array_text(const std::string& begin, const Value& value) {
  std::string result, line = begin + "[";
  for (std::size_t i = 0; i < value.array.size(); ++i) {
    const bool last = i + 1 == value.array.size();
    const std::string element = toml_value(value.array[i]) + (last ? "]" : ",");
    if (i > 0 && line.size() + 1 + element.size() > kColumns) {
      result += line + "\n";
      line = std::string(begin.size() + 1, ' ') + element;
    } else {
      line += (i > 0 ? " " : "") + element;
    }
  }
  return result + line + "\n";
}

std::string table_text(const Key& key, const Value& value) {
  std::string inside, lines;
  for (const auto& [name, member] : value.table) {
    const std::string pair = fmt::format("{} = {}", toml_key(name), toml_value(member.value));
    inside += fmt::format("{}{}", inside.empty() ? "" : ", ", pair);
    lines += fmt::format("{}.{}\n", key.name, pair);
  }
  const std::string whole = fmt::format("{} = {{ {} }}\n", key.name, inside);
  return whole.size() > kColumns ? lines : whole;
}

/// Whether a list of one element may be written as that element.
bool may_be_single(Type type) {
  switch (type) {
    case Type::commands:
    case Type::files:
    case Type::folders:
    case Type::paths:
    case Type::calendar:
    case Type::cron:
    case Type::condition_paths:
    case Type::condition_words:
    case Type::virtualization: return true;
    default: return false;
  }
}

std::string key_line(const Key& key, const Value& value) {
  if (value.type == ValueType::table) return table_text(key, value);
  const bool single = may_be_single(key.type) && value.array.size() == 1;
  const Value& shown = single ? value.array.front() : value;
  const std::string line = fmt::format("{} = {}", key.name, toml_value(shown));
  if (shown.type == ValueType::array && line.size() > kColumns)
    return array_text(fmt::format("{} = ", key.name), shown);
  return line + "\n";
}

/// The settings left at `place`, grouped by reason.
std::string left_text(const std::vector<const LeftSetting*>& left) {
  std::string text;
  std::vector<std::string> reasons;
  for (const LeftSetting* one : left) {
    if (!add_once(reasons, one->reason)) continue;
    text += comment(printable(fmt::format("Not carried over: {}", one->reason)));
    for (const LeftSetting* other : left)
      if (other->reason == one->reason)
        text += fmt::format("#   {}\n", shown_setting(other->setting));
  }
  return text;
}

}  // namespace

std::string shown_setting(const Setting& setting) {
  return printable(shortened(fmt::format("{}={}", setting.key, setting.value), kLongestValue));
}

std::string text_of_draft(const Draft& draft) {
  std::string text =
      comment(printable(fmt::format("Made from {} by `zinitctl import`.", draft.source())));
  for (const std::string& note : draft.notes()) text += comment(printable(note));
  const std::string_view main = draft.main_section();
  std::vector<std::string_view> sections(known_sections().begin(), known_sections().end());
  std::erase(sections, main);
  sections.insert(sections.begin(), main);
  for (const std::string_view section : sections) {
    std::string body;
    std::vector<const LeftSetting*> left;
    const auto collect = [&](const Key* place) {
      for (const LeftSetting& one : draft.left())
        if (one.place == place) left.push_back(&one);
      body += left_text(left);
      left.clear();
    };
    for (const Key& key : all_keys()) {
      if (key.section != section) continue;
      if (const Member* member = key_of(draft.document(), section, key.name))
        body += key_line(key, member->value);
      collect(&key);
    }
    if (section == main) collect(nullptr);
    if (body.empty() && section != main) continue;
    // A section with only comments would lack its required keys.
    const bool has_keys = section == main || section_of(draft.document(), section) != nullptr;
    text += has_keys ? fmt::format("{}[{}]\n", section == main ? "" : "\n", section)
                     : fmt::format("\n# [{}]\n", section);
    text += body;
  }
  return text;
}

}  // namespace zinit
