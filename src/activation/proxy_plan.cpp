// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Compares proxies with their files. See proxy_plan.hpp.
#include "activation/proxy_plan.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"

namespace zinit {

ProxyFiles files_of(const LoadedConfig& config, const ProxyEntries& entries) {
  ProxyFiles files;
  std::set<std::string_view> read;
  for (const ProxyPtr& file : config.proxies) read.insert(file->file);
  // A file that is not TOML may appear as the file of a broken service.
  std::set<std::string_view> unreadable;
  for (const SpecPtr& spec : config.specs)
    if (spec->broken()) unreadable.insert(spec->file);
  const auto missing = [&](const std::string& file) {
    return contains(config.missing, folder_of(file));
  };
  for (const auto& [name, entry] : entries) {
    const std::string& file = entry.spec->file;
    if (file.empty() || read.contains(file)) continue;
    if (unreadable.contains(file) || missing(file)) files.push_back(entry.spec);
  }
  for (const ProxyPtr& file : config.proxies) {
    // A proxy with a wrong name is named after its file.
    const auto same = std::ranges::find_if(entries, [&](const auto& one) {
      return file->broken() && one.second.spec->file == file->file;
    });
    files.push_back(same == entries.end() ? file : same->second.spec);
  }
  return files;
}

ProxyReport plan_of(const LoadedConfig& config, const ProxyEntries& entries) {
  ProxyReport report;
  std::set<std::string_view> stay;
  const ProxyFiles files = files_of(config, entries);
  for (const ProxyPtr& file : files) {
    stay.insert(file->name);
    const auto there = entries.find(file->name);
    if (file->broken()) continue;
    if (there == entries.end())
      report.added.push_back(file->name);
    else
      (*there->second.spec == *file ? report.unchanged : report.changed).push_back(file->name);
  }
  for (const auto& [name, entry] : entries) {
    if (stay.contains(name)) continue;
    (entry.spec->file.empty() ? report.unchanged : report.removed).push_back(name);
  }
  for (const ProxyPtr& file : config.proxies) {
    if (!file->broken()) continue;
    std::erase(report.unchanged, file->name);
    report.failed.push_back(file->name);
    report.messages.insert(report.messages.end(), file->errors.begin(), file->errors.end());
  }
  for (auto* names : {&report.added, &report.changed, &report.unchanged, &report.failed})
    sort_values(*names);
  return report;
}

void add_faults(ProxyReport& report, const ProxyEntries& entries) {
  for (const auto& [name, entry] : entries) {
    if (entry.error.empty()) continue;
    const auto asked = std::erase(report.added, name) + std::erase(report.changed, name) +
                       std::erase(report.unchanged, name);
    if (asked == 0) continue;
    report.failed.insert(std::ranges::lower_bound(report.failed, name), name);
    report.messages.push_back(fmt::format("{}: {}; tried again {}", name, entry.error,
                                          entry.awaits ? "then" : "every 5 s"));
  }
}

const ProxySpec* file_of(std::string_view name, const ProxyFiles& files) noexcept {
  const auto found = std::ranges::find(files, name, &ProxySpec::name);
  return found == files.end() ? nullptr : found->get();
}

bool leaves(const ProxyEntry& entry, const ProxyFiles& files) noexcept {
  const ProxySpec* const file = file_of(entry.spec->name, files);
  if (file == nullptr) return !entry.spec->file.empty();
  return !file->broken() && file->listen != entry.spec->listen;
}

bool worth_a_retry(const ProxyEntries& entries, const ProxyFiles& files) noexcept {
  return std::ranges::any_of(entries, [&](const auto& one) {
    const ProxySpec* const file = file_of(one.first, files);
    return !one.second.error.empty() && (file == nullptr || !file->broken());
  });
}

std::string with_holder(std::string fault, const ProxyEntries& entries, const std::string& name) {
  for (const auto& [other, entry] : entries)
    for (const ListenerPtr& listener : entry.listeners) {
      std::string_view address = listener->address();
      if (address.starts_with("unix:")) address.remove_prefix(5);
      if (other != name && fault.find(fmt::format(" {}:", address)) != std::string::npos)
        return fmt::format("{}; proxy {} listens there", fault, other);
    }
  return fault;
}

}  // namespace zinit
