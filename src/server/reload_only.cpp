// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Chooses the content that a reload of some services puts in force: see reload_only.hpp.
#include "server/reload_only.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "activation/instances.hpp"
#include "base/format.hpp"
#include "files/configuration.hpp"

namespace zinit {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

bool is_below_any(std::string_view path, const std::vector<std::string>& only) {
  return std::ranges::any_of(only, [path](const std::string& one) {
    return is_directory(one) && is_below(path, one);
  });
}

LoadedConfig with_proxies_of(const std::vector<std::string>& only, const LoadedConfig& read,
                             const std::vector<ProxyPtr>& in_force) {
  LoadedConfig config;
  config.specs = read.specs;
  config.missing = read.missing;
  // Whether all files among these that describe a proxy of the name lie in the directories.
  const auto all_below = [&](const std::vector<ProxyPtr>& files, const std::string& name) {
    return std::ranges::all_of(files, [&](const ProxyPtr& file) {
      return file->name != name || is_below_any(file->file, only);
    });
  };
  const auto counts = [&](const ProxyPtr& file) {
    return all_below(read.proxies, file->name) && all_below(in_force, file->name);
  };
  std::ranges::copy_if(read.proxies, std::back_inserter(config.proxies), counts);
  std::ranges::remove_copy_if(in_force, std::back_inserter(config.proxies), counts);
  return config;
}

std::vector<ProxyPtr> proxies_below(const LoadedConfig& config,
                                    const std::vector<std::string>& only) {
  std::vector<ProxyPtr> proxies;
  std::ranges::copy_if(config.proxies, std::back_inserter(proxies),
                       [&](const ProxyPtr& file) { return is_below_any(file->file, only); });
  return proxies;
}

void narrow_proxies(ProxyReport& report, const LoadedConfig& config,
                    const std::vector<std::string>& only) {
  for (const ProxyPtr& file : config.proxies) {
    if (is_below_any(file->file, only)) continue;
    std::erase(report.unchanged, file->name);
    std::erase(report.failed, file->name);
    for (const std::string& error : file->errors) std::erase(report.messages, error);
  }
}

/// A service is of a directory if each file that provides it, in force and as read now, lies there.
/// If one of them lies elsewhere, the change is not the directory's alone: an administrator's file
/// has come in the place of a vendor's, or has gone.
void ReloadOnly::replace_directories(const Reloaded& read, const Graph& graph,
                                     const Templates& templates) {
  std::map<std::string, bool, std::less<>> below;
  const auto add = [&](const std::string& name, std::string_view file) {
    const bool there = is_below_any(file, names_);
    const auto at = below.try_emplace(name, there).first;
    at->second = at->second && there;
  };
  for (const Slot slot : graph.order()) {
    const Node& node = graph.node(slot);
    if (!node.removed && !node.spec->is_instance()) add(node.spec->name, node.spec->file);
  }
  for (const SpecPtr& spec : read.specs)
    if (!spec->is_instance()) add(spec->name, spec->file);
  for (const Templates* all : {&templates, read.templates.get()})
    for (const auto& [name, file] : all->files()) add(name, file.path);
  for (const MaskedNames* all : {&graph.masked(), &read.masked})
    for (const auto& [name, link] : *all)
      if (!is_below_any(link, names_)) below[name] = false;
  std::erase_if(names_, is_directory);
  for (const auto& [name, whole] : below)
    if (whole) names_.push_back(name);
}

bool ReloadOnly::has(std::string_view name) const {
  return contains(names_, name) || contains(names_, template_of(name));
}

/// The selected services as read, and all services in the files that the selected services came
/// from: such a service may have a new name, or have lost its name with a fault.
std::vector<SpecPtr> ReloadOnly::chosen_of(const Reloaded& read, const Graph& graph) const {
  std::set<std::string_view> files;
  for (const Slot slot : graph.order()) {
    const Node& node = graph.node(slot);
    if (!node.removed && !node.spec->is_instance() && has(node.spec->name))
      files.insert(node.spec->file);
  }
  files.erase("");
  std::vector<SpecPtr> chosen;
  std::ranges::copy_if(read.specs, std::back_inserter(chosen), [&](const SpecPtr& spec) {
    return has(spec->name) || (!spec->is_instance() && files.contains(spec->file));
  });
  return chosen;
}

TemplatesPtr ReloadOnly::merged(const Templates& old, const Templates& read) const {
  Templates::Files files = old.files();
  Templates::Texts texts = old.texts();
  std::erase_if(files, [&](const auto& one) { return contains(names_, one.first); });
  for (const auto& [name, file] : read.files()) {
    if (!contains(names_, name)) continue;
    files[name] = file;
    std::vector<std::string> paths = file.drop_ins;
    paths.push_back(file.path);
    for (const auto& [instance, own] : file.own)
      paths.insert(paths.end(), own.paths.begin(), own.paths.end());
    for (const std::string& path : paths)
      if (const auto text = read.texts().find(path); text != read.texts().end())
        texts[path] = text->second;
  }
  return std::make_shared<const Templates>(std::move(files), std::move(texts));
}

RequestResult<Reloaded> ReloadOnly::choose(const Reloaded& read, const Graph& graph,
                                           const Templates& templates,
                                           const ServiceDefaults& defaults) {
  replace_directories(read, graph, templates);
  for (const std::string& name : names_) {
    const bool known =
        graph.find_loaded(name) != kNoSlot || templates.has(name) || read.templates->has(name) ||
        std::ranges::any_of(read.specs, [&](const SpecPtr& spec) { return spec->name == name; });
    if (!known)
      return tl::unexpected(
          RequestFailure{Refusal::not_found, fmt::format("no service is named {}", name), {name}});
  }
  Reloaded all{{}, graph.masked(), merged(templates, *read.templates), names_};
  std::erase_if(all.masked, [&](const auto& one) { return has(one.first); });
  std::ranges::copy_if(read.masked, std::inserter(all.masked, all.masked.end()),
                       [&](const auto& one) { return has(one.first); });
  const std::vector<SpecPtr> chosen = chosen_of(read, graph);
  std::map<std::string_view, SpecPtr> left;
  for (const SpecPtr& spec : chosen) left.emplace(spec->name, spec);
  for (const Slot slot : graph.order()) {
    const Node& node = graph.node(slot);
    if (const auto newer = left.find(graph.name(slot)); newer != left.end())
      all.specs.push_back(left.extract(newer).mapped());
    else if (!node.removed && !has(graph.name(slot)))
      all.specs.push_back(as_read(node.spec));
  }
  for (const auto& [name, spec] : left) all.specs.push_back(spec);
  std::set<std::string> made;
  for (const SpecPtr& spec : chosen)
    for (const SpecPtr& one : instances_for(*spec, *all.templates, graph, defaults))
      if (std::ranges::none_of(chosen, [&](const SpecPtr& it) { return it->name == one->name; }) &&
          made.insert(one->name).second)
        all.specs.push_back(one);
  return all;
}

void ReloadOnly::narrow(ReloadReport& report) const {
  const auto other = [&](const std::string& name) { return !has(name); };
  std::erase_if(report.unchanged, other);
  for (const std::string& name : report.failed_before) {
    if (!other(name)) continue;
    std::erase(report.failed, name);
    report.faults.erase(name);
  }
  std::erase_if(report.failed_before, other);
}

}  // namespace zinit
