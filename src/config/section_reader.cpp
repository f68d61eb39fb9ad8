// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Stores known keys in fields, and reports unknown ones.
#include "config/section_reader.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/foreign_keys.hpp"

namespace zinit {

namespace {

constexpr std::string_view kService = "service";

/// The advice for a key of service files in zinit.toml; empty if the key can have no default.
std::string_view as_default(std::string_view name) {
  for (const std::string_view section : defaultable_sections())
    if (find_key(section, name) != nullptr) return "; write it in [defaults]";
  return {};
}

/// The key of another section of service files that is nearest to `name`; null if there is none,
/// if `section` is not of service files, or if a short name is near to too many keys.
const Key* near_elsewhere(std::string_view section, std::string_view name) {
  const auto sections = known_sections();
  if (name.size() < 5 || !contains(sections, section)) return nullptr;
  std::vector<std::string_view> known;
  for (const std::string_view one : sections)
    for (const Key& key : section_keys(one)) known.push_back(key.name);
  const auto near = nearest(name, known);
  if (!near) return nullptr;
  const auto found = std::ranges::find(all_keys(), *near, &Key::name);
  return &*found;
}

/// The key that is nearest to `name`, which is outside a section: one of [service] if there is one.
const Key* near_outside(std::string_view name) {
  const auto near = nearest(name, keys_of(kService));
  return near ? find_key(kService, *near) : near_elsewhere(kService, name);
}

}  // namespace

void SectionReader::read(std::string_view section, const Value& table) {
  for (const auto& [name, member] : table.table) {
    const Key* key = find_key(section, name);
    if (key == nullptr) {
      unknown_key(section, name, member);
    } else if (check_value(*key, member.value, findings_)) {
      key->store(destination_, *key, member.value);
      stored_.push_back(key);
    }
  }
}

bool SectionReader::stored(std::string_view section, std::string_view name) const {
  const Key* key = find_key(section, name);
  return contains(stored_, key);
}

void SectionReader::unknown_key(std::string_view section, const std::string& name,
                                const Member& member) {
  std::vector<std::string_view> known = keys_of(section);  // empty for a foreign section
  if (section.empty()) known.emplace_back("defaults");
  const std::string instead =
      section.empty() ? std::string(as_default(name)) : foreign_key(section, name);
  std::string text = "unknown key";
  if (!instead.empty()) {
    text += instead;
  } else if (const auto near = nearest(name, known)) {
    text += fmt::format(", did you mean \"{}\"?", *near);
  } else if (const Key* elsewhere = near_elsewhere(section, name)) {
    text += fmt::format(", did you mean \"{}\" in [{}]?", elsewhere->name, elsewhere->section);
  } else if (!known.empty() && !listed_) {
    text += ", must be " + alternatives(known);
    listed_ = true;
  }
  const std::string prefix = section.empty() ? "" : std::string(section) + ".";
  findings_.add(Severity::unknown, member.at, prefix + name, std::move(text));
}

void SectionReader::unknown_section(const std::string& name, const Member& member,
                                    Severity severity) {
  const bool is_section = member.value.type == ValueType::table;
  std::string text = is_section ? "unknown section" : "unknown key outside a section";
  const auto section = nearest(name, known_sections());
  const std::string instead = is_section ? foreign_section(name) : foreign_key({}, name);
  if (!instead.empty()) {
    text += instead;
  } else if (is_section && section) {
    text += fmt::format(", did you mean [{}]?", *section);
  } else if (const Key* key = is_section || section ? nullptr : near_outside(name)) {
    text += fmt::format(", did you mean \"{}\" in [{}]?", key->name, key->section);
  } else {
    text += ", sections are [" + join(known_sections(), "], [") + "]";
  }
  findings_.add(severity, member.at, name, std::move(text));
  // Keys of [Service] are checked like those of [service], and those of [Unit] have hints.
  const std::string_view same = same_section(name);
  if (!is_section || (same.empty() && instead.empty())) return;
  for (const auto& [key, value] : member.value.table)
    if (same.empty() || find_key(same, key) == nullptr)
      unknown_key(same.empty() ? name : same, key, value);
}

}  // namespace zinit
