// Stores known keys in fields, and reports unknown ones.
#include "config/section_reader.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// A key of exactly that name in some section: probably the one that was meant.
const Key* elsewhere(std::string_view name) {
  const auto keys = all_keys();
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) {
    return key.name == name && !key.section.empty();
  });
  return found == keys.end() ? nullptr : &*found;
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
  return std::find(stored_.begin(), stored_.end(), key) != stored_.end();
}

void SectionReader::unknown_key(std::string_view section, const std::string& name,
                                const Member& member) {
  std::vector<std::string_view> known = keys_of(section);
  if (section.empty()) known.emplace_back("defaults");
  std::string text = "unknown key";
  if (const auto near = nearest(name, known)) {
    text += fmt::format(", did you mean \"{}\"?", *near);
  } else if (const Key* key = elsewhere(name)) {
    text += fmt::format(", did you mean {}?", full_name(*key));
  } else {
    text += ", must be " + alternatives(known);
  }
  const std::string prefix = section.empty() ? "" : std::string(section) + ".";
  findings_.add(Severity::unknown, member.at, prefix + name, std::move(text));
}

void SectionReader::unknown_section(const std::string& name, const Member& member,
                                    Severity severity) {
  const bool is_section = member.value.type == ValueType::table;
  std::string text = is_section ? "unknown section" : "unknown key outside a section";
  if (const Key* key = is_section ? nullptr : elsewhere(name)) {
    text += fmt::format(", did you mean {}?", full_name(*key));
  } else if (const auto near = is_section ? nearest(name, known_sections()) : std::nullopt) {
    text += fmt::format(", did you mean [{}]?", *near);
  } else {
    text += ", sections are [" + join(known_sections(), "], [") + "]";
  }
  findings_.add(severity, member.at, name, std::move(text));
}

}  // namespace zinit
