// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Global settings: the keys without a section in the table of keys, and [defaults].
#include "config/settings.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "config/quantities.hpp"
#include "config/section_reader.hpp"
#include "config/spec_reader.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"

namespace zinit {

namespace {

const Key* find_defaultable(std::string_view name) {
  for (const std::string_view section : defaultable_sections())
    if (const Key* key = find_key(section, name)) return key;
  return nullptr;
}

void tell_unknown(const std::string& name, const Member& member, Findings& findings) {
  std::vector<std::string_view> known;
  for (const std::string_view section : defaultable_sections()) {
    const auto keys = keys_of(section);
    known.insert(known.end(), keys.begin(), keys.end());
  }
  std::string text;
  if (find_key("", name) != nullptr)
    text = "is a global key: write it before any section";
  else if (member.value.type == ValueType::table && contains(defaultable_sections(), name))
    text = fmt::format("is no section here: write its keys in [{}] itself", kDefaultsSection);
  else if (const auto near = nearest(name, known))
    text = fmt::format("unknown key, did you mean \"{}\"?", *near);
  else
    text = fmt::format("unknown key, must be a key of [{}]", join(defaultable_sections(), "], ["));
  findings.add(Severity::unknown, member.at, fmt::format("{}.{}", kDefaultsSection, name),
               std::move(text));
}

/// Drops a default restart_delay_max_ms that is less than the default restart_delay_ms. Then
/// settle_defaults() of each service uses the built-in maximum, or the delay if that is longer.
void refuse_contradiction(ServiceDefaults& defaults, Findings& findings) {
  const auto find = [&](std::string_view name) {
    return std::ranges::find(defaults, name, [](const auto& one) { return one.first->name; });
  };
  const auto delay = find("restart_delay_ms");
  const auto most = find("restart_delay_max_ms");
  if (delay == defaults.end() || most == defaults.end()) return;
  if (most->second.string == kInfinity) return;
  const auto ms = [](const auto& one) { return duration_of(one->second, Milliseconds{1}); };
  if (ms(most) >= ms(delay)) return;
  findings.add(Severity::error, most->second.at,
               fmt::format("{}.restart_delay_max_ms", kDefaultsSection),
               fmt::format("{} is less than restart_delay_ms, must be at least {}",
                           ms(most).value_or(0), ms(delay).value_or(0)));
  defaults.erase(most);
}

/// Reads [defaults]: keys of several sections of service files, without the sections.
ServiceDefaults read_defaults(const Value& table, Findings& findings) {
  ServiceDefaults defaults;
  for (const auto& [name, member] : table.table) {
    const Key* key = find_defaultable(name);
    if (key == nullptr) {
      tell_unknown(name, member, findings);
      continue;
    }
    Key here = *key;  // messages then name [defaults]
    here.section = kDefaultsSection;
    if (check_value(here, member.value, findings)) defaults.emplace_back(key, member.value);
  }
  refuse_contradiction(defaults, findings);
  return defaults;
}

/// Removes [defaults] from `document`, so that only keys outside sections remain.
ServiceDefaults take_defaults(Value& document, Findings& findings) {
  const auto found = document.table.find(kDefaultsSection);
  if (found == document.table.end()) return {};
  ServiceDefaults defaults;
  const Value& value = found->second.value;
  if (value.type == ValueType::table) {
    defaults = read_defaults(value, findings);
  } else {
    findings.add(
        Severity::error, value.at, std::string(kDefaultsSection),
        fmt::format("is {}, must be a section, [{}]", type_phrase(value.type), kDefaultsSection));
  }
  document.table.erase(found);
  return defaults;
}

/// /dev/null, or a link to it, stands for a file without settings.
bool is_null_device(const std::string& path) noexcept {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISCHR(status.st_mode) &&
         status.st_rdev == makedev(1, 3);  // null(4)
}

}  // namespace

std::vector<std::string> changed_settings(const GlobalSettings& before,
                                          const GlobalSettings& after) {
  const auto values_of = [](const std::string& text) {
    std::map<std::string, std::string> values;
    const auto document = read_toml(text, 0, nullptr);
    if (!document) return values;
    for (const auto& [name, member] : document->table) {
      if (name != kDefaultsSection) values[name] = to_json(member.value);
      for (const auto& [key, own] : member.value.table)
        values[fmt::format("{}.{}", name, key)] = to_json(own.value);
    }
    return values;
  };
  const auto was = values_of(before.text), is = values_of(after.text);
  std::set<std::string> changed;
  for (const auto* values : {&was, &is})
    for (const auto& [key, value] : *values) {
      const auto old = was.find(key), now = is.find(key);
      if (old == was.end() || now == is.end() || old->second != now->second) changed.insert(key);
    }
  return {changed.begin(), changed.end()};
}

Diagnostic absent_target(const GlobalSettings& settings, const std::string& file) {
  return {file, settings.default_target_at, Severity::warning, "default_target",
          fmt::format("nothing is named \"{}\"; until it is added, a boot starts every service "
                      "with status \"start\"",
                      settings.default_target)};
}

GlobalSettings parse_settings(std::string_view text, const std::string& path,
                              std::vector<Diagnostic>& diagnostics) {
  GlobalSettings settings;
  settings.text = text;
  std::vector<Diagnostic> found;
  Findings findings{path, found};
  std::vector<TomlFault> doubles;
  auto document = read_toml(text, 0, &doubles);
  for (const TomlFault& one : doubles) findings.add(Severity::error, one.at, one.key, one.text);
  if (document) {
    settings.defaults = take_defaults(*document, findings);
    SectionReader(Destination{.settings = &settings}, findings).read("", *document);
    if (const Member* group = document->find("socket_group"))
      settings.socket_group_at = group->value.at;
    if (const Member* target = document->find("default_target"))
      settings.default_target_at = target->value.at;
  } else {
    findings.add(Severity::error, document.error().at, {}, std::move(document.error().text));
  }
  sort_by_place(found);
  diagnostics.insert(diagnostics.end(), found.begin(), found.end());
  return settings;
}

void default_to_console(GlobalSettings& settings, ConsoleMode how) {
  const Key* const key = find_key("logging", "console");
  std::erase_if(settings.defaults, [key](const auto& one) { return one.first == key; });
  Value on;
  on.type = ValueType::boolean;
  on.boolean = true;
  if (how == ConsoleMode::raw) {
    on.type = ValueType::string;
    on.string = key->words.front();
  }
  settings.defaults.emplace_back(key, std::move(on));
}

Result<GlobalSettings> read_settings(const std::string& path, bool named,
                                     std::vector<Diagnostic>& diagnostics) {
  if (is_null_device(path)) return GlobalSettings{};
  const auto text = read_file(path.c_str(), kMaxFileBytes);
  if (text) return parse_settings(*text, path, diagnostics);
  if (text.error().errnum == ENOENT && !named) return GlobalSettings{};
  diagnostics.push_back({path, {}, Severity::error, {}, text.error().text});
  return Failure(text.error());
}

}  // namespace zinit
