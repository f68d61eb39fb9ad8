// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the key for a word: see named_key.hpp.
#include "client/named_key.hpp"

#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "config/foreign_keys.hpp"

namespace zinit {

Result<const Key*> named_key(const std::string& name) {
  std::vector<const Key*> found;
  for (const Key& key : all_keys()) {
    if (key.section.empty()) continue;
    if (full_name(key) == name || (key.name == name && key.section == "service")) return &key;
    if (key.name == name) found.push_back(&key);
  }
  if (found.size() == 1) return found.front();
  if (found.empty())
    return failure(
        fmt::format("unknown key{}; `zinitctl explain` shows keys", foreign_key("service", name)));
  std::vector<std::string> names;
  for (const Key* key : found) names.push_back(full_name(*key));
  return failure(fmt::format("several sections have this key; write {}", join(names, " or ")));
}

}  // namespace zinit
