// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The report of a reload: what the plan changes, and which dependents are affected by that.
#include "supervisor/reload_report.hpp"

#include <set>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "model/predicates.hpp"

namespace zinit {

namespace {

using Fate = PlannedService::Fate;
using Names = std::vector<std::string>;

/// Whether the service would go on without the reload. False for a service that is being stopped
/// on request, because the reload does not restart it.
bool runs_on(const World& world, Slot slot) {
  return active(world, slot) && world.record(slot).wish == Wish::up;
}

/// Whether `name` is a new requirement of `slot`, and not ready for it.
bool holds_back(const World& world, Slot slot, std::string_view name, bool binds) {
  const Slot other = world.graph->find(name);
  if (other == kNoSlot) return true;
  if (contains(world.node(slot).requires_, other)) return false;
  return is_lost(world, other, binds);
}

/// The first service that `slot` newly requires by the graph `next`, and that is not ready for it;
/// empty: none.
std::string unready_requirement(const World& world, Slot slot, const Graph& next) {
  const Node& node = next.node(slot);
  for (const Slot required : node.requires_)
    if (holds_back(world, slot, next.name(required), node.binds(required)))
      return next.name(required);
  return {};
}

/// The same by its own file alone.
std::string unready_requirement(const World& world, Slot slot, const Dependencies& own) {
  for (const auto* list : {&own.requires_, &own.binds_to})
    for (const Dependency& one : *list)
      if (holds_back(world, slot, one.name, list == &own.binds_to)) return one.name;
  return {};
}

class Reporter {
 public:
  Reporter(const Plan& plan, const World& world) : plan_(plan), world_(world) {}

  ReloadReport make(bool with_findings) {
    for (const PlannedService& planned : plan_.services) {
      add(planned);
      if (with_findings) add_findings(planned);
    }
    spread(going_, report_.stopped);
    spread(restarting_, report_.restarted);
    for (Names* names :
         {&report_.added, &report_.changed, &report_.removed, &report_.unchanged, &report_.failed,
          &report_.restarted, &report_.stopped, &report_.waiting, &report_.failed_before}) {
      sort_values(*names);
    }
    return std::move(report_);
  }

 private:
  void add(const PlannedService& planned) {
    const bool refused = !planned.refused.empty();
    switch (planned.fate) {
      case Fate::kept: return;
      case Fate::waits:
        report_.waiting.push_back(planned.name);
        tell_causes(planned, *planned.next);
        if (!report_.why.contains(planned.name))
          tell_unready(planned,
                       unready_requirement(world_, planned.slot, *planned.next->dependencies));
        return;
      case Fate::removed:
        report_.why[planned.name];  // keeps spread() from listing it as an affected dependent
        // An earlier reload may have removed it, and it is still stopping.
        if (world_.graph->used(planned.slot)) {
          if (world_.node(planned.slot).removed) return;
          going_.push_back(planned.slot);
        }
        report_.removed.push_back(planned.name);
        return;
      case Fate::added:
        if (!refused) report_.added.push_back(planned.name);
        return;
      case Fate::unchanged:
        (refused ? report_.failed_before : report_.unchanged).push_back(planned.name);
        if (!refused) add_edges(planned);
        return;
      case Fate::restart:
      case Fate::settings:
        if (!refused) report_.changed.push_back(planned.name);
        add_change(planned);
    }
  }

  /// Adds the faults of a refused file. Otherwise adds all warnings of a changed service, or only
  /// the new ones of an unchanged service, such as an unknown key.
  void add_findings(const PlannedService& planned) {
    if (!planned.refused.empty()) {
      report_.failed.push_back(planned.name);
      report_.faults[planned.name] = planned.refused;
      return;
    }
    if (planned.fate == Fate::removed) return;
    const Node& node = plan_.graph->node(planned.slot);
    std::set<std::string> old;
    if (planned.fate == Fate::unchanged) {
      const Node& before = world_.node(planned.slot);
      const bool same = before.missing == node.missing && *before.unknown == *node.unknown &&
                        before.spec->findings->warnings == node.spec->findings->warnings;
      if (same) return;
      for (std::string& warning : warnings_of(*world_.graph, before))
        old.insert(std::move(warning));
    }
    for (std::string& warning : warnings_of(*plan_.graph, node))
      if (!old.contains(warning)) report_.warnings.push_back(std::move(warning));
  }

  void add_change(const PlannedService& planned) {
    const Names& missing = *plan_.graph->node(planned.slot).missing;
    if (!runs_on(planned.slot)) return;
    if (!missing.empty()) {
      report_.stopped.push_back(planned.name);
      report_.why[planned.name] = {"requires " + missing.front() + ", which does not exist"};
      going_.push_back(planned.slot);
    } else if (planned.fate == Fate::restart) {
      report_.restarted.push_back(planned.name);
      tell_causes(planned, *planned.spec);
      restarting_.push_back(planned.slot);
    } else {
      add_edges(planned);
    }
  }

  /// Adds what new requirements, and all conflicts, mean for a service that goes on.
  void add_edges(const PlannedService& planned) {
    if (!runs_on(planned.slot)) return;
    add_new_requirement(planned);
    // A conflict keeps a service from starting, and stops none. Each pair is reported once.
    for (const Slot other : plan_.graph->node(planned.slot).conflicts) {
      const std::string& name = plan_.graph->name(other);
      const Slot before = world_.graph->find(name);
      if (before != kNoSlot && planned.name < name && runs_on(before))
        report_.warnings.push_back(
            fmt::format("{} and {} conflict, and both run; stop one of them", planned.name, name));
    }
  }

  /// A service that runs is stopped if it now requires one that is not ready, and starts after it.
  void add_new_requirement(const PlannedService& planned) {
    if (!plan_.graph->node(planned.slot).missing->empty()) return;
    const std::string name = unready_requirement(world_, planned.slot, *plan_.graph);
    if (name.empty()) return;
    report_.restarted.push_back(planned.name);
    tell_unready(planned, name);
    restarting_.push_back(planned.slot);
  }

  void tell_unready(const PlannedService& planned, const std::string& name) {
    report_.why[planned.name] = {"requires " + name + ", which is not ready"};
  }

  void tell_causes(const PlannedService& planned, const ServiceSpec& next) {
    for (const std::string_view key : restart_causes(world_.spec(planned.slot), next))
      report_.why[planned.name].emplace_back(key);
  }

  [[nodiscard]] bool runs_on(Slot slot) const { return zinit::runs_on(world_, slot); }

  /// Whether it ends with a service that it requires: it runs, or is a done oneshot, which runs
  /// again once that service is back.
  [[nodiscard]] bool goes_along(Slot slot) const {
    return runs_on(slot) || (done_oneshot(world_, slot) && world_.record(slot).wish == Wish::up);
  }

  /// The services that require `at` after the reload.
  [[nodiscard]] std::vector<Slot> dependents_to_be(Slot at) const {
    const Graph& next = *plan_.graph;
    const std::string& name = world_.graph->name(at);
    std::vector<Slot> all;
    if (const Slot there = next.find(name); there != kNoSlot) {
      for (const Slot above : next.node(there).required_by)
        if (const Slot slot = world_.graph->find(next.name(above)); slot != kNoSlot)
          all.push_back(slot);
      return all;
    }
    for (const Slot above : world_.node(at).required_by) {
      const Slot slot = next.find(world_.graph->name(above));
      if (slot == kNoSlot) continue;
      const Names& missing = *next.node(slot).missing;
      if (contains(missing, name)) all.push_back(above);
    }
    return all;
  }

  /// Adds to `told` the services that are up and require one of `slots`, directly or indirectly.
  void spread(std::vector<Slot> slots, Names& told) {
    while (!slots.empty()) {
      const Slot at = slots.back();
      slots.pop_back();
      for (const Slot above : dependents_to_be(at)) {
        const std::string& name = world_.graph->name(above);
        if (!goes_along(above) || report_.why.contains(name)) continue;
        told.push_back(name);
        report_.why[name] = {(world_.node(above).binds(at) ? "is bound to " : "requires ") +
                             world_.graph->name(at)};
        slots.push_back(above);
      }
    }
  }

  const Plan& plan_;
  const World& world_;
  ReloadReport report_;
  std::vector<Slot> going_, restarting_;
};

}  // namespace

std::set<std::string> newly_held_back(const Plan& plan, const World& world) {
  std::set<std::string> names;
  for (const PlannedService& planned : plan.services)
    if (planned.fate == Fate::settings && runs_on(world, planned.slot) &&
        !unready_requirement(world, planned.slot, *plan.graph).empty())
      names.insert(planned.name);
  return names;
}

ReloadReport report_of(const Plan& plan, const World& world, bool with_findings) {
  ReloadReport report = Reporter(plan, world).make(with_findings);
  std::erase_if(report.why, [](const auto& one) { return one.second.empty(); });
  return report;
}

}  // namespace zinit
