// Finds rows of the table of keys. See keys.hpp.
#include "config/keys.hpp"

namespace zinit {

const Key* find_key(std::string_view section, std::string_view name) noexcept {
  for (const Key& key : all_keys())
    if (key.name == name && key.section == section) return &key;
  return nullptr;
}

std::vector<std::string_view> keys_of(std::string_view section) {
  std::vector<std::string_view> names;
  for (const Key& key : all_keys()) {
    if (key.section == section) names.push_back(key.name);
  }
  return names;
}

std::string full_name(const Key& key) {
  if (key.section.empty()) return std::string(key.name);
  return std::string(key.section) + "." + std::string(key.name);
}

}  // namespace zinit
