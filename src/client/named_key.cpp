// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the key for a word: see named_key.hpp.
#include "client/named_key.hpp"

#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/foreign_keys.hpp"

namespace zinit {

namespace {

/// The name of the key that was meant; nothing if none is near.
std::optional<std::string_view> key_near(const std::string& name, std::vector<std::string>& names) {
  for (const Key& key : all_keys())
    if (!key.section.empty())
      names.push_back(name.find('.') == name.npos ? std::string(key.name) : full_name(key));
  return nearest(name, names);
}

}  // namespace

Result<const Key*> named_key(const std::string& name) {
  std::vector<const Key*> found;
  for (const Key& key : all_keys()) {
    if (key.section.empty()) continue;
    if (full_name(key) == name || (key.name == name && key.section == "service")) return &key;
    if (key.name == name) found.push_back(&key);
  }
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    const std::string instead = foreign_key("service", name);
    std::vector<std::string> names;
    const auto near = instead.empty() ? key_near(name, names) : std::nullopt;
    return failure(near ? fmt::format("unknown key, did you mean \"{}\"?", *near)
                        : fmt::format("unknown key{}; `zinitctl explain` shows keys", instead));
  }
  std::vector<std::string> names;
  for (const Key* key : found) names.push_back(full_name(*key));
  return failure(fmt::format("several sections have this key; write {}", join(names, " or ")));
}

}  // namespace zinit
