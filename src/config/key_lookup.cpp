// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds rows of the table of keys. See keys.hpp.
#include "config/keys.hpp"

#include <algorithm>

namespace zinit {

const Key* find_key(std::string_view section, std::string_view name) noexcept {
  for (const Key& key : all_keys())
    if (key.name == name && key.section == section) return &key;
  return nullptr;
}

std::span<const Key> section_keys(std::string_view section) noexcept {
  const auto here = [&](const Key& key) { return key.section == section; };
  const auto first = std::ranges::find_if(all_keys(), here);
  return {first, std::find_if_not(first, all_keys().end(), here)};
}

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> names;
  for (const Key& key : section_keys(section)) names.push_back(key.name);
  return names;
}

std::string full_name(const Key& key) {
  if (key.section.empty()) return std::string(key.name);
  return std::string(key.section) + "." + std::string(key.name);
}

}  // namespace zinit
