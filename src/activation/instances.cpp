// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes and removes instances of templates. See instances.hpp.
#include "activation/instances.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/lists.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "files/kept_config.hpp"

namespace zinit {

namespace {

constexpr std::string_view kTemplate = "template/";  // followed by the name

bool was_started(const Node& node) {
  return !node.removed && node.spec->is_instance() && node.spec->runtime;
}

/// Makes the instances in `wanted`, and those that they depend on, as a client starts them. None is
/// made for `except` and for names that `graph` has.
std::vector<SpecPtr> started_instances(const Templates& templates, std::vector<std::string> wanted,
                                       const Graph& graph, const ServiceDefaults& defaults,
                                       std::string_view except = {}) {
  const auto there = [&](const std::string& name) {
    return name == except || graph.find_loaded(name) != kNoSlot || graph.masked_by(name);
  };
  std::vector<SpecPtr> made;
  for (ParsedSpec& one : make_instances(templates, std::move(wanted), there, defaults)) {
    one.spec->runtime = true;
    made.push_back(finish(one));
  }
  return made;
}

/// Whether another service names the instance.
bool is_named(const Graph& graph, Slot slot) {
  const Node& node = graph.node(slot);
  if (!node.required_by.empty() || !node.ordered_before.empty() || !node.wanted_by.empty() ||
      !node.added->empty())
    return true;
  return std::ranges::any_of(node.conflicts, [&](Slot other) {
    return names(graph.spec(other).dependencies->conflicts, graph.name(slot));
  });
}

/// Adds the instances in `wanted`, and those that they depend on, to `specs` and their names to
/// `known`, unless they are known or masked.
/// @param started  whether a client has started those in `wanted`
void add_missing(const std::vector<std::string>& wanted, bool started, const LoadedConfig& config,
                 std::unordered_set<std::string>& known, std::vector<SpecPtr>& specs) {
  const auto there = [&](const std::string& name) {
    return known.contains(name) || config.masked.contains(name);
  };
  for (ParsedSpec& one :
       make_instances(*config.templates, wanted, there, config.settings.defaults)) {
    known.insert(one.spec->name);
    one.spec->runtime = started && contains(wanted, one.spec->name);
    specs.push_back(finish(one));
  }
}

}  // namespace

std::vector<SpecPtr> instances_for(const ServiceSpec& spec, const Templates& templates,
                                   const Graph& graph, const ServiceDefaults& defaults) {
  std::vector<std::string> wanted;
  add_instance_names(spec, wanted);
  return started_instances(templates, std::move(wanted), graph, defaults, spec.name);
}

void Instances::use(const TemplatesPtr& templates) {
  FactMap changed;
  for (const std::string& name : templates_->names())
    if (!templates->has(name)) changed[fmt::format("{}{}", kTemplate, name)];
  for (const std::string& name : templates->names()) {
    std::string fact = template_fact(name, *templates);
    if (!templates_->has(name) || template_fact(name, *templates_) != fact)
      changed[fmt::format("{}{}", kTemplate, name)] = std::move(fact);
  }
  templates_ = templates;
  board_.name_templates(templates_->names());
  if (changed.empty()) return;
  if (const auto kept = facts_.set(changed); !kept) log_error("{}", kept.error().text);
}

void Instances::restore(const FactMap& facts) {
  Templates::Files files;
  Templates::Texts texts;
  each_below(facts, kTemplate, [&](std::string_view name, const std::string& fact) {
    add_template(std::string(name), fact, files, texts);
  });
  templates_ = std::make_shared<const Templates>(std::move(files), std::move(texts));
  board_.name_templates(templates_->names());
}

RequestResult<void> Instances::make(std::string_view given) {
  const std::string name(given);
  const GraphPtr graph = board_.graph();
  if (!templates_->makes(name) || name_fault(name) || graph->masked_by(name) ||
      graph->find_loaded(name) != kNoSlot)
    return {};
  const RefusableAllocations refusable;
  const std::vector<SpecPtr> made =
      started_instances(*templates_, {name}, *graph, settings_.defaults);
  if (const SpecPtr& spec = made.front(); spec->broken()) {
    return tl::unexpected(
        RequestFailure{Refusal::config_error,
                       fmt::format("no instance of {} can be made: {}", template_of(name),
                                   spec->findings->errors.front()),
                       spec->findings->errors});
  }
  const auto added = board_.set(made.front(), false, false, std::span(made).subspan(1));
  if (!added) return tl::unexpected(added.error());
  log_info("{}: created as an instance of {}", name, made.front()->file);
  return {};
}

void Instances::complete(std::vector<SpecPtr>& specs, const LoadedConfig& config, bool no_restart) {
  if (config.templates->empty()) return;
  const GraphPtr graph = board_.graph();
  std::unordered_set<std::string> names;
  for (SpecPtr& spec : specs) {
    names.insert(spec->name);
    const Slot slot = graph->find_loaded(spec->name);
    if (!spec->is_instance() || !spec->instance->link.empty() || slot == kNoSlot) continue;
    // An instance that a client started does not go with a dependency that names it later.
    if (!was_started(graph->node(slot))) continue;
    const auto copy = std::make_shared<ServiceSpec>(*spec);
    copy->runtime = true;
    spec = copy;
  }
  const auto add = [&](const std::vector<std::string>& wanted, bool started) {
    add_missing(wanted, started, config, names, specs);
  };
  std::vector<std::string> wanted;
  for (const SpecPtr& spec : specs)
    if (spec->runtime) add_instance_names(*spec, wanted);
  add(wanted, false);
  wanted.clear();
  for (const Slot slot : graph->order()) {
    if (!was_started(graph->node(slot))) continue;
    const auto brief = board_.brief(graph->name(slot));
    // A failed instance stayed only so that its reason could be read.
    const bool over =
        brief && brief->state == State::failed && brief->stopped() && !is_named(*graph, slot);
    if (!over) wanted.push_back(graph->name(slot));
  }
  add(wanted, true);
  // Dependencies that stay in force because a newer file is refused, or waits, need instances too.
  const auto by_dependency = [&](Slot slot) {
    const Node& node = graph->node(slot);
    return node.spec->is_instance() && !node.removed && !names.contains(node.spec->name);
  };
  if (std::ranges::none_of(graph->order(), by_dependency)) return;
  const auto trial = board_.reload(specs, true, config.masked, no_restart);
  if (!trial) return;
  wanted.clear();
  for (const auto* kept : {&trial->failed, &trial->waiting})
    for (const std::string& name : *kept)
      if (const Slot slot = graph->find_loaded(name); slot != kNoSlot)
        add_instance_names(graph->spec(slot), wanted);
  add(wanted, false);
}

void Instances::add_started(const std::vector<std::string>& names, const LoadedConfig& config,
                            std::vector<SpecPtr>& specs) {
  std::unordered_set<std::string> known;
  for (const SpecPtr& spec : specs) known.insert(spec->name);
  add_missing(names, true, config, known, specs);
}

void Instances::look() {
  const GraphPtr graph = board_.graph();
  if (graph != seen_) {
    seen_ = graph;
    started_.clear();
    for (const Slot slot : graph->order())
      if (was_started(graph->node(slot))) started_.push_back(slot);
  }
  ended_.clear();
  for (const Slot slot : started_)
    if (unwanted(*graph, slot)) ended_.push_back(graph->name(slot));
  if (!ended_.empty()) removal_.ask();
}

bool Instances::unwanted(const Graph& graph, Slot slot) const {
  const auto brief = board_.brief(graph.name(slot));
  if (!brief || !brief->stopped()) return false;
  const bool wish = brief->wish == Wish::up;
  // A connection, a timer or a file starts the instance again.
  if (wish && graph.spec(slot).triggered()) return false;
  return (!wish || brief->state != State::failed) && !is_named(graph, slot);
}

void Instances::remove_ended() {
  const GraphPtr graph = board_.graph();
  MaskedNames gone;
  for (const std::string& name : ended_) {
    const Slot slot = graph->find_loaded(name);
    if (slot != kNoSlot && was_started(graph->node(slot)) && unwanted(*graph, slot)) gone[name];
  }
  if (gone.empty()) return;
  for (const auto& [name, link] : gone)
    log_info("{}: removed: an instance that no file makes disappears when it is down", name);
  (void)board_.remove(gone);  // fails only during a shutdown
}

}  // namespace zinit
