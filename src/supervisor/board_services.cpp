// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Adding, replacing and removing single services, and requests about all services of class user.
// Each addition, replacement or removal is planned like a reload: the specs of the present graph
// with that one change.
#include <algorithm>

#include "base/json_writer.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "model/predicates.hpp"
#include "supervisor/board.hpp"
#include "supervisor/plan_aside.hpp"
#include "supervisor/refusals.hpp"
#include "supervisor/reload_report.hpp"
#include "supervisor/request_report.hpp"

namespace zinit {

namespace {

/// The specs of all services that are not removed, in load order and as they were read: the next
/// graph may accept a spec that the present graph refuses.
std::vector<SpecPtr> specs_of(const Graph& graph) {
  std::vector<SpecPtr> specs;
  for (const Slot slot : graph.order()) {
    if (!graph.node(slot).removed) specs.push_back(as_read(graph.node(slot).spec));
  }
  return specs;
}

Wanted with(const Graph& graph, const SpecPtr& spec, std::span<const SpecPtr> also) {
  Wanted wanted{specs_of(graph), graph.masked()};
  for (const SpecPtr& one : also)
    if (graph.find_loaded(one->name) == kNoSlot) wanted.specs.push_back(one);
  const auto same =
      std::ranges::find(wanted.specs, spec->name, [](const SpecPtr& one) { return one->name; });
  if (same == wanted.specs.end())
    wanted.specs.push_back(spec);
  else
    *same = spec;
  wanted.masked.erase(spec->name);
  return wanted;
}

/// Whether `spec` requires one of `names`.
bool requires_one(const ServiceSpec& spec, const MaskedNames& names) {
  const Dependencies& all = *spec.dependencies;
  const auto is_one = [&](const Dependency& one) { return names.contains(one.name); };
  return std::ranges::any_of(all.requires_, is_one) || std::ranges::any_of(all.binds_to, is_one);
}

/// `document` with `names` deleted from its lists of dependencies.
std::string forget_names(const std::string& document, const MaskedNames& names) {
  auto parsed = json_from(document);
  if (!parsed) return document;
  JsonDocument& json = *parsed;
  if (!json.IsObject() || !json.HasMember("dependencies")) return document;
  const auto is_one = [&](const JsonValue& one) {
    return one.IsString() && names.contains(text_of(one));
  };
  each_member(json["dependencies"], [&](auto& list) {
    if (!list.value.IsArray()) return;
    for (auto* one = list.value.Begin(); one != list.value.End();)
      one = is_one(*one) ? list.value.Erase(one) : one + 1;
  });
  return json_of(json);
}

SpecPtr without_edges_to(const ServiceSpec& spec, const MaskedNames& names) {
  auto copy = std::make_shared<ServiceSpec>(spec);
  Dependencies& all = copy->dependencies.edit();
  for (auto* list : {&all.requires_, &all.binds_to, &all.after, &all.wants, &all.conflicts,
                     &all.required_by, &all.bound_by, &all.before, &all.wanted_by}) {
    std::erase_if(*list,
                  [&](const Dependency& dependency) { return names.contains(dependency.name); });
  }
  copy->document = forget_names(spec.document, names);
  return copy;
}

bool adds_requirements(const ServiceSpec& spec) {
  return !spec.dependencies->required_by.empty() || !spec.dependencies->bound_by.empty();
}

SpecPtr without_added_requirements(const ServiceSpec& spec) {
  auto copy = std::make_shared<ServiceSpec>(spec);
  copy->dependencies.edit().required_by.clear();
  copy->dependencies.edit().bound_by.clear();
  if (auto json = json_from(spec.document); json && json->HasMember("dependencies")) {
    for (const char* key : {"required_by", "bound_by"}) (*json)["dependencies"].RemoveMember(key);
    copy->document = json_of(*json);
  }
  return copy;
}

Wanted without(const Graph& graph, const MaskedNames& gone) {
  Wanted wanted{specs_of(graph), graph.masked()};
  std::erase_if(wanted.specs, [&](const SpecPtr& spec) { return gone.contains(spec->name); });
  for (SpecPtr& spec : wanted.specs)
    if (requires_one(*spec, gone)) spec = without_edges_to(*spec, gone);
  for (const auto& [name, link] : gone)
    if (!link.empty()) wanted.masked[name] = link;
  return wanted;
}

/// Names of the services whose own files require `slot`, sorted. Edges that the file of `slot` adds
/// to others are left out, because they go with it.
std::vector<std::string> requirers(const Graph& graph, Slot slot) {
  std::vector<std::string> names;
  for (const Slot other : graph.node(slot).required_by) {
    const Node& node = graph.node(other);
    const bool by_itself = node.adds(slot, "requires") || node.adds(slot, "binds_to");
    if (!graph.node(other).removed && !by_itself) names.push_back(graph.name(other));
  }
  sort_values(names);
  return names;
}

/// By slot: whether the wish is up.
std::vector<bool> wishes(const World& world) {
  std::vector<bool> up(world.graph->slots());
  for (const Slot slot : world.graph->order()) up[slot] = world.record(slot).wish == Wish::up;
  return up;
}

/// Adds to `started` every service whose wish went up since `was_up` was taken.
void add_pulled(const World& world, const std::vector<bool>& was_up, Slots& started) {
  for (const Slot slot : world.graph->order())
    if (world.record(slot).wish == Wish::up && !(slot < was_up.size() && was_up[slot]))
      started.push_back(slot);
}

void append_names(std::vector<std::string>& to, const std::vector<std::string>& names) {
  to.insert(to.end(), names.begin(), names.end());
  sort_unique(to);
}

Board::Bulk named(const Graph& graph, const Bulk& bulk) {
  Board::Bulk result;
  result.done = sorted_names(graph, bulk.done);
  for (const auto& [slot, reason] : bulk.skipped)
    result.skipped.push_back({graph.name(slot), reason});
  for (const auto& [slot, reason] : bulk.failed)
    result.failed.push_back({graph.name(slot), reason});
  for (auto* list : {&result.skipped, &result.failed}) sort_by(*list, &Board::Bulk::Left::name);
  return result;
}

tl::unexpected<RequestFailure> wrong_config(const std::vector<std::string>& faults) {
  return refused(Refusal::config_error, "the config is wrong: " + faults.front(), faults);
}

}  // namespace

RequestResult<Board::SetReport> Board::set(const SpecPtr& spec, bool start, bool dry_run,
                                           std::span<const SpecPtr> also) {
  PlanAside aside(*this, [&](const Graph& graph) { return with(graph, spec, also); });
  const Change change(*this);
  if (world.shutdown) return in_shutdown();
  Plan& plan = aside.plan(*this);
  SetReport report{spec->name, world.graph->find_loaded(spec->name) == kNoSlot};
  for (PlannedService& planned : plan.services) {
    for (const SpecPtr& one : also)
      if (planned.name == one->name) planned.start = false;
    if (planned.name != spec->name) continue;
    planned.start = false;  // the parameter `start` decides, not the spec's status
    if (!planned.refused.empty()) return wrong_config(planned.refused);
  }
  if (dry_run) return report;
  const ReloadReport effects = report_of(plan, world, false);
  const std::vector<bool> was_up = wishes(world);
  adopt(plan, start_added);
  const Slot slot = world.graph->find(spec->name);
  const Record& record = world.record(slot);
  Requested requested;
  if (start && (report.created || record.wish == Wish::down || record.skipped)) {
    requested = request_start(world, slot);
    tell_neighbours(requested.changed);
  }
  add_pulled(world, was_up, requested.started);
  report.others = others_of(*world.graph, requested);
  append_names(report.others.stopped, effects.stopped);
  report.others.restarted = effects.restarted;
  std::erase(report.others.started, spec->name);
  std::erase(report.others.stopped, spec->name);
  report.restarted = std::erase(report.others.restarted, spec->name) > 0;
  const TimePoint now = Clock::now();
  SettledQuestions settled(world, now);
  report.warnings = view_of(slot, now, settled).warnings;
  return report;
}

RequestResult<void> Board::add_started(std::span<const SpecPtr> specs) {
  PlanAside aside(*this,
                  [&](const Graph& graph) { return with(graph, specs.front(), specs.subspan(1)); });
  const Change change(*this);
  if (world.shutdown) return in_shutdown();
  Plan& plan = aside.plan(*this);
  for (PlannedService& planned : plan.services) {
    if (planned.fate != PlannedService::Fate::added) continue;
    if (!planned.refused.empty()) return wrong_config(planned.refused);
    planned.start = false;  // request_start() does
  }
  adopt(plan, start_added);
  for (const SpecPtr& spec : specs)
    tell_neighbours(request_start(world, world.graph->find(spec->name)).changed);
  return {};
}

RequestResult<void> Board::check_set(const SpecPtr& spec, std::span<const SpecPtr> also) {
  PlanAside aside(*this, [&](const Graph& graph) { return with(graph, spec, also); });
  const auto faults = check_files(aside);
  if (!faults) return tl::unexpected(faults.error());
  const auto found = faults->find(spec->name);
  if (found == faults->end()) return {};
  return wrong_config(found->second);
}

RequestResult<void> Board::removable(std::string_view name, bool cascade) const {
  MutexLock lock(mutex());
  const Graph& graph = *world.graph;
  if (world.shutdown) return in_shutdown();
  const Slot slot = graph.find_loaded(name);
  if (slot == kNoSlot) return not_found(name);
  if (graph.spec(slot).inherit_streams)
    return refused(Refusal::not_supported,
                   fmt::format("{} is the command from zinit's command line", name));
  const std::vector<std::string> others = requirers(graph, slot);
  if (others.empty() || cascade) return {};
  return tl::unexpected(
      RequestFailure{Refusal::dependency_error,
                     fmt::format("{} is required by {}", name, join(others, ", ")), others});
}

void Board::drop_added_edges(std::string_view name) {
  {
    MutexLock lock(mutex());
    const Slot slot = world.graph->find_loaded(name);
    if (slot == kNoSlot || !adds_requirements(world.spec(slot))) return;
  }
  PlanAside aside(*this, [&](const Graph& graph) {
    Wanted wanted{specs_of(graph), graph.masked()};
    for (SpecPtr& spec : wanted.specs)
      if (spec->name == name) spec = without_added_requirements(*spec);
    return wanted;
  });
  const Change change(*this);
  if (!world.shutdown) adopt(aside.plan(*this), start_added);
}

void Board::set_deleting(const std::string& name, bool begins) {
  const Change change(*this);
  if (begins)
    deleting.insert(name);
  else if (const auto one = deleting.find(name); one != deleting.end())
    deleting.erase(one);
}

bool BoardCore::is_ignored(Slot slot) const {
  return world.spec(slot).status == StartStatus::ignore ||
         deleting.contains(world.graph->name(slot));
}

RequestResult<void> Board::remove(const MaskedNames& gone) {
  PlanAside aside(*this, [&](const Graph& graph) { return without(graph, gone); });
  const Change change(*this);
  if (world.shutdown) return in_shutdown();
  adopt(aside.plan(*this), start_added);
  return {};
}

RequestResult<Board::Bulk> Board::start_all() {
  const Change change(*this);
  if (world.shutdown) return in_shutdown();
  const zinit::Bulk bulk = request_start_all(world);
  tell_neighbours(world.graph->order());
  return named(*world.graph, bulk);
}

RequestResult<Board::Bulk> Board::stop_all() {
  const Change change(*this);
  const zinit::Bulk bulk = request_stop_all(world);
  tell_neighbours(bulk.done);
  return named(*world.graph, bulk);
}

RequestResult<Board::Bulk> Board::delete_all() {
  Bulk names;
  PlanAside aside(*this, [&](const Graph& graph) {
    names = named(graph, choose_delete_all(graph));
    MaskedNames gone;
    for (const std::string& name : names.done) gone[name];
    return without(graph, gone);
  });
  const Change change(*this);
  if (world.shutdown) return in_shutdown();
  adopt(aside.plan(*this), start_added);
  return names;
}

}  // namespace zinit
