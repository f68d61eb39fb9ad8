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
#include "base/text.hpp"
#include "files/configuration.hpp"

namespace zinit {

namespace {

/// A file, and its identity when it was read; FileIdentity() if that is not known.
using Layer = std::pair<std::string, FileIdentity>;
using Layers = std::vector<Layer>;

bool same(const Layers& before, const Layers& now) {
  return std::ranges::equal(before, now, [](const Layer& a, const Layer& b) {
    const bool known = a.second != FileIdentity() && b.second != FileIdentity();
    return a.first == b.first && (!known || a.second == b.second);
  });
}

/// Those of the drop-ins that lie outside of the directories among `only`.
template <class Spec>
Layers drop_ins_elsewhere(const Spec& spec, const std::vector<std::string>& only) {
  Layers layers;
  for (std::size_t i = 0; i < spec.drop_ins.size(); ++i) {
    if (is_below_any(spec.drop_ins[i], only)) continue;
    const bool known = i + 1 < spec.identities.size();
    layers.emplace_back(spec.drop_ins[i], known ? spec.identities[i + 1] : FileIdentity());
  }
  return layers;
}

/// The same for a template, with the drop-ins of its instances.
Layers drop_ins_elsewhere(const Templates& all, const SourceFile& file,
                          const std::vector<std::string>& only) {
  Layers layers;
  const auto add = [&](const std::string& path) {
    if (is_below_any(path, only)) return;
    const auto text = all.texts().find(path);
    layers.emplace_back(path, text == all.texts().end() ? FileIdentity() : text->second.identity);
  };
  std::ranges::for_each(file.drop_ins, add);
  for (const auto& [instance, own] : file.own) std::ranges::for_each(own.paths, add);
  return layers;
}

/// What was read last for the service, even if it was refused.
const ServiceSpec& last_read(const ServiceSpec& spec) {
  return spec.findings->refused ? *spec.findings->refused : spec;
}

/// What a name that may be an instance's has of its own outside of the directories: a file, or the
/// link that makes it, with drop-ins; or a mask.
using OwnLayers = std::map<std::string, Layers, std::less<>>;

void add_own(const ServiceSpec& spec, const std::vector<std::string>& only, OwnLayers& all) {
  const std::string& path = spec.is_instance() ? spec.instance->link : spec.file;
  if (template_of(spec.name).empty() || path.empty()) return;
  Layers& own = all[spec.name];
  const bool known = !spec.is_instance() && !spec.identities.empty();
  if (!is_below_any(path, only))
    own.emplace_back(path, known ? spec.identities.front() : FileIdentity());
  for (Layer& one : drop_ins_elsewhere(spec, only))
    if (!spec.is_instance() ||
        one.first.find(fmt::format("/{}.toml.d/", spec.name)) != std::string::npos)
      own.push_back(std::move(one));
}

void add_own(const MaskedNames& masked, const std::vector<std::string>& only, OwnLayers& all) {
  for (const auto& [name, link] : masked)
    if (!template_of(name).empty() && !is_below_any(link, only))
      all[name].emplace_back(link, FileIdentity());
}

}  // namespace

bool is_below_any(std::string_view path, const std::vector<std::string>& only) {
  return std::ranges::any_of(
      only, [path](const std::string& one) { return is_directory(one) && is_below(path, one); });
}

std::string unread_directory(const std::vector<std::string>& only, const Places& places) {
  const auto meets = [](std::string_view one, std::string_view other) {
    return !other.empty() && (without_end_slashes(one) == without_end_slashes(other) ||
                              is_below(one, other) || is_below(other, one));
  };
  for (const std::string& one : only) {
    const bool read = std::ranges::any_of(places.directories, [&](const ConfigDirectory& from) {
      return meets(one, from.path) || meets(one, from.vendor);
    });
    if (is_directory(one) && !read) return one;
  }
  return {};
}

PlaceSet places_elsewhere(const std::vector<std::string>& only, const LoadedConfig& read,
                          const Graph& graph, const std::vector<ProxyPtr>& proxies,
                          const std::vector<std::string>& masked_proxies) {
  PlaceSet places;
  const auto add = [&](const std::string& path) {
    if (!path.empty() && !is_below_any(path, only)) places.insert(own_place_of(path));
  };
  const auto add_spec = [&](const ServiceSpec& spec) {
    add(spec.is_instance() ? spec.instance->link : spec.file);
  };
  for (const Slot slot : graph.order())
    if (!graph.node(slot).removed) add_spec(*graph.node(slot).spec);
  for (const SpecPtr& spec : read.specs) add_spec(*spec);
  for (const MaskedNames* all : {&graph.masked(), &read.masked})
    for (const auto& [name, link] : *all) add(link);
  for (const std::vector<ProxyPtr>* all : {&proxies, &read.proxies})
    for (const ProxyPtr& file : *all) add(file->file);
  for (const std::vector<std::string>* all : {&masked_proxies, &read.masked_proxies})
    std::ranges::for_each(*all, add);
  return places;
}

void ChosenProxies::narrow(ProxyReport& report) const {
  for (auto* list :
       {&report.added, &report.changed, &report.removed, &report.unchanged, &report.failed})
    std::erase_if(*list, [this](const std::string& name) { return !names.contains(name); });
  for (const ProxyPtr& file : config.proxies)
    if (!names.contains(file->name))
      for (const std::string& error : file->errors) std::erase(report.messages, error);
}

/// A proxy is of a directory by the same rule as a service (ReloadOnly::replace_directories()).
ChosenProxies choose_proxies(const std::vector<std::string>& only, const LoadedConfig& read,
                             const std::vector<ProxyPtr>& in_force, const PlaceSet& elsewhere) {
  ChosenProxies all;
  all.config.specs = read.specs;
  all.config.missing = read.missing;
  std::set<std::string_view> others;
  std::map<std::string_view, Layers> before;
  for (const std::vector<ProxyPtr>* files : {&in_force, &read.proxies}) {
    for (const ProxyPtr& file : *files) {
      if (!is_below_any(file->file, only) || elsewhere.contains(own_place_of(file->file)))
        others.insert(file->name);
      Layers layers = drop_ins_elsewhere(*file, only);
      if (files == &in_force)
        before.emplace(file->name, std::move(layers));
      else if (const auto old = before.find(file->name);
               old != before.end() && !same(old->second, layers))
        others.insert(file->name);
    }
  }
  for (const ProxyPtr& file : read.proxies) {
    if (others.contains(file->name)) continue;
    all.config.proxies.push_back(file);
    all.chosen.push_back(file);
    all.names.insert(file->name);
  }
  for (const ProxyPtr& file : in_force)
    others.contains(file->name) ? all.config.proxies.push_back(file)
                                : static_cast<void>(all.names.insert(file->name));
  return all;
}

ReloadOnly::ReloadOnly(const std::vector<std::string>& names, PlaceSet elsewhere)
    : elsewhere_(std::move(elsewhere)) {
  for (const std::string& one : names)
    is_directory(one) ? directories_.push_back(one) : static_cast<void>(names_.insert(one));
}

/// A service is of a directory if each file that provides it, in force and as read now, lies there,
/// and no file or mask elsewhere has the place of such a file. Otherwise the change is not the
/// directory's alone: an administrator's file has come in the place of a vendor's, or has gone.
/// A drop-in elsewhere must be the one that was read last, if the service is in force and stays. A
/// template and its instances are of a directory together, because an instance is made from both.
void ReloadOnly::replace_directories(const Reloaded& read, const Graph& graph,
                                     const Templates& templates) {
  if (directories_.empty()) return;
  std::map<std::string, bool, std::less<>> below;
  const auto add = [&](const std::string& name, const std::string& file) {
    const bool there = is_below_any(file, directories_) && !elsewhere_.contains(own_place_of(file));
    const auto at = below.try_emplace(name, there).first;
    at->second = at->second && there;
  };
  std::map<std::string_view, Layers> before;
  OwnLayers own_before, own_now;
  for (const Slot slot : graph.order()) {
    if (graph.node(slot).removed) continue;
    const ServiceSpec& spec = last_read(graph.spec(slot));
    add_own(spec, directories_, own_before);
    if (spec.is_instance()) continue;
    add(graph.name(slot), graph.spec(slot).file);
    before.emplace(graph.name(slot), drop_ins_elsewhere(spec, directories_));
  }
  for (const SpecPtr& spec : read.specs) {
    add_own(*spec, directories_, own_now);
    if (spec->is_instance()) continue;
    add(spec->name, spec->file);
    const auto old = before.find(spec->name);
    if (old != before.end() && !same(old->second, drop_ins_elsewhere(*spec, directories_)))
      below[spec->name] = false;
  }
  for (const MaskedNames* all : {&graph.masked(), &read.masked})
    for (const auto& [name, link] : *all)
      if (!is_below_any(link, directories_)) below[name] = false;
  add_own(graph.masked(), directories_, own_before);
  add_own(read.masked, directories_, own_now);
  for (const Templates* all : {&templates, read.templates.get()})
    for (const auto& [name, file] : all->files()) add(name, file.path);
  for (const auto& [name, file] : templates.files()) {
    const auto now = read.templates->files().find(name);
    if (now == read.templates->files().end()) continue;
    const auto own_changes = [&, &of = name](const OwnLayers& these, const OwnLayers& those) {
      return std::ranges::any_of(these, [&](const auto& one) {
        if (template_of(one.first) != of) return false;
        const auto other = those.find(one.first);
        return !same(one.second, other == those.end() ? Layers() : other->second);
      });
    };
    if (own_changes(own_before, own_now) || own_changes(own_now, own_before) ||
        !same(drop_ins_elsewhere(templates, file, directories_),
              drop_ins_elsewhere(*read.templates, now->second, directories_)))
      below[name] = false;
  }
  for (const auto& [name, whole] : below)
    if (whole) names_.insert(name);
}

bool ReloadOnly::has(std::string_view name) const {
  return names_.contains(name) || names_.contains(template_of(name));
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
  std::erase_if(files, [&](const auto& one) { return names_.contains(one.first); });
  for (const auto& [name, file] : read.files()) {
    if (!names_.contains(name)) continue;
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
  Reloaded all{
      {}, graph.masked(), merged(templates, *read.templates), {names_.begin(), names_.end()}};
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
