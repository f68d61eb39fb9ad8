// Chooses the content that a reload of some services puts in force: see reload_only.hpp.
#include "server/reload_only.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "activation/instances.hpp"
#include "base/format.hpp"

namespace zinit {

namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

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
                                           const ServiceDefaults& defaults) const {
  for (const std::string& name : names_) {
    const bool known =
        graph.find_loaded(name) != kNoSlot || templates.has(name) || read.templates->has(name) ||
        std::ranges::any_of(read.specs, [&](const SpecPtr& spec) { return spec->name == name; });
    if (!known)
      return tl::unexpected(
          RequestFailure{Refusal::not_found, fmt::format("no service is named {}", name), {name}});
  }
  Reloaded all{{}, graph.masked(), merged(templates, *read.templates)};
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
