// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Plans a reload: the config to use for each name, and the graph of these configs.
#include "model/plan.hpp"

#include <unordered_map>
#include <unordered_set>

#include "base/lists.hpp"

namespace zinit {

namespace {

using Fate = PlannedService::Fate;

/// A copy of `spec`, which stays in force, without the warnings about a refused successor: those
/// faults may have been corrected.
std::shared_ptr<ServiceSpec> without_refusal(const SpecPtr& spec) {
  auto copy = std::make_shared<ServiceSpec>(*spec);
  SpecFindings& findings = copy->findings.edit();
  findings.refused = nullptr;
  findings.warnings.resize(findings.warnings.size() - findings.refused_warnings);
  findings.refused_warnings = 0;
  return copy;
}

/// The same, but with the faults of its refused successor among its warnings.
SpecPtr with_warnings(const SpecPtr& spec, const SpecPtr& successor,
                      std::vector<std::string> refused) {
  refused.emplace_back("the changed file has faults; the old config stays in force");
  const auto copy = without_refusal(spec);
  SpecFindings& findings = copy->findings.edit();
  findings.refused = successor;
  std::vector<std::string>& warnings = findings.warnings;
  const std::size_t own = warnings.size();
  for (std::string& text : refused) {
    add_once(warnings, std::move(text));
  }
  findings.refused_warnings = warnings.size() - own;
  return copy;
}

class Planner {
 public:
  Planner(const Graph& old, const std::vector<SpecPtr>& specs, const std::vector<bool>& live,
          const MaskedNames& masked, const std::vector<bool>& up, const PutOff& put_off)
      : old_(old), live_(live), masked_(masked), up_(up), put_off_(put_off) {
    for (const SpecPtr& spec : specs) names_.insert(spec->name);
    for (const Slot slot : old_.order()) {
      const Node& node = old_.node(slot);
      if (!node.removed && !node.broken() && !node.spec->is_instance())
        loaded_from_.emplace(node.spec->file, slot);
    }
    for (const SpecPtr& spec : specs) add(spec);
    add_removed();
  }

  Plan make() {
    build_without_faults();
    // Refuse specs first: a refused spec must not wait.
    if (put_off_.restarts && put_off_changes()) build_without_faults();
    for (PlannedService& planned : plan_.services) {
      if (planned.fate == Fate::removed || !planned.refused.empty()) continue;
      planned.refused = *plan_.graph->node(planned.slot).faults;
    }
    return std::move(plan_);
  }

 private:
  void build_without_faults() {
    build();
    // Refusing one spec may make another valid, or bring back an edge that is a fault in the new
    // graph.
    while (refuse_faulty()) build();
  }

  /// Lets services that are up wait with their present spec instead of a restart. Returns whether
  /// there are any.
  bool put_off_changes() {
    bool any = false;
    for (PlannedService& planned : plan_.services) {
      const bool waits = planned.fate == Fate::restart ||
                         (planned.fate == Fate::settings && put_off_.names.contains(planned.name));
      if (!waits || !is_up(planned.name)) continue;
      planned = {.name = planned.name,
                 .fate = Fate::waits,
                 .spec = without_refusal(loaded(planned)->spec),
                 .next = planned.spec,
                 .slot = planned.slot};
      any = true;
    }
    return any;
  }

  /// The service's node in the old graph; null if it was not loaded. Found by name, because its
  /// slot in the new graph may have belonged to another service in the old one.
  [[nodiscard]] const Node* loaded(const PlannedService& planned) const {
    const Slot slot = old_.find_loaded(planned.name);
    return slot == kNoSlot ? nullptr : &old_.node(slot);
  }

  /// The name of the service that `spec` configures, usually its own. A broken file may have lost
  /// its `name` key. It still means the service that was read from it before, not a second one.
  /// That service is unknown if the file was already broken before.
  [[nodiscard]] std::string name_of(const ServiceSpec& spec) const {
    const auto found = loaded_from_.find(spec.file);
    if (!spec.broken() || spec.file.empty() || spec.is_instance() || found == loaded_from_.end())
      return spec.name;
    std::string name = old_.name(found->second);
    return names_.contains(name) ? spec.name : name;
  }

  void add(const SpecPtr& spec) {
    const std::string name = name_of(*spec);
    PlannedService planned{
        .name = name, .fate = Fate::added, .spec = spec, .slot = old_.find(name)};
    const Node* before = loaded(planned);
    if (spec->broken()) planned.refused = spec->findings->errors;
    if (before != nullptr) {
      planned.dependencies_changed = before->spec->dependencies != spec->dependencies;
      if (spec->broken() && !before->broken())
        keep_old(planned, *before);
      else
        planned.fate = fate_of_change(*before, *spec);
    }
    names_.insert(name);
    plan_.services.push_back(std::move(planned));
  }

  static Fate fate_of_change(const Node& before, const ServiceSpec& spec) {
    // A broken service has no process that could go on.
    if (before.broken())
      return before.spec->findings->errors == spec.findings->errors && spec.broken()
                 ? Fate::unchanged
                 : Fate::restart;
    if (before.spec.get() == &spec) return Fate::unchanged;
    switch (compare(*before.spec, spec)) {
      case SpecChange::none: return Fate::unchanged;
      case SpecChange::settings: return Fate::settings;
      case SpecChange::restart: return Fate::restart;
    }
    return Fate::restart;
  }

  static void keep_old(PlannedService& planned, const Node& before) {
    planned.fate = Fate::kept;
    planned.dependencies_changed = false;
    planned.spec = with_warnings(before.spec, planned.spec, planned.refused);
  }

  void add_removed() {
    for (const Slot slot : old_.order()) {
      if (names_.contains(old_.name(slot))) continue;
      plan_.services.push_back({.name = old_.name(slot),
                                .fate = Fate::removed,
                                .spec = old_.node(slot).spec,
                                .slot = slot});
    }
  }

  void build() {
    std::vector<GraphEntry> entries;
    for (std::size_t i = 0; i < plan_.services.size(); ++i) {
      const PlannedService& planned = plan_.services[i];
      const bool removed = planned.fate == Fate::removed;
      if (removed && !live_[planned.slot]) continue;
      entries.push_back({planned.spec, planned.slot, static_cast<std::uint32_t>(i), removed});
    }
    plan_.graph = Graph::build(entries, masked_);
    for (PlannedService& planned : plan_.services) {
      if (planned.fate != Fate::removed) planned.slot = plan_.graph->find(planned.name);
    }
  }

  /// Refuses new and changed specs that are wrong in the new graph, and the causes of faults in
  /// unchanged ones. Returns whether any was refused.
  bool refuse_faulty() {
    bool refused = false;
    std::vector<PlannedService*> unchanged;
    for (PlannedService& planned : plan_.services) {
      if (planned.fate == Fate::removed) continue;
      const Node& node = plan_.graph->node(planned.slot);
      std::vector<std::string> faults = *node.faults;
      if (faults.empty() && is_change(planned) && is_up(planned.name))
        faults = new_lacks(*planned.spec, *loaded(planned)->spec, *node.missing);
      if (faults.empty()) continue;
      if (!is_change(planned)) {
        unchanged.push_back(&planned);
        continue;
      }
      refuse(planned, faults);
      refused = true;
    }
    return refuse_culprits(unchanged) || refused;
  }

  [[nodiscard]] bool is_up(const std::string& name) const {
    const Slot slot = old_.find_loaded(name);
    return slot < up_.size() && up_[slot];
  }

  static bool is_change(const PlannedService& planned) {
    return planned.fate == Fate::added || planned.fate == Fate::settings ||
           planned.fate == Fate::restart;
  }

  void refuse(PlannedService& planned, const std::vector<std::string>& faults) {
    planned.refused = faults;
    const Node* before = loaded(planned);
    if (before != nullptr && !before->broken())
      keep_old(planned, *before);
    else
      refuse_again(planned, before, faults);
  }

  /// Refuses a spec without a valid old one. It counts as unchanged if it was refused for the same
  /// faults before.
  static void refuse_again(PlannedService& planned, const Node* before,
                           const std::vector<std::string>& faults) {
    const bool refused_before =
        before != nullptr && before->spec->findings->unrefused != nullptr &&
        before->spec->findings->errors == faults &&
        compare(*before->spec->findings->unrefused, *planned.spec) == SpecChange::none;
    planned.spec = with_errors(planned.spec, faults);
    if (refused_before) planned.fate = Fate::unchanged;
  }

  /// The loaded services that require a missing name, at any depth.
  [[nodiscard]] Search lacking() const {
    Search search;
    search.begin(old_.slots());
    for (const Slot slot : old_.order())
      if (!old_.node(slot).missing->empty()) search.visit(slot);
    for (Slot at; search.next(at);)
      for (const Slot above : old_.node(at).required_by) search.visit(above);
    return search;
  }

  /// If a service was valid, has not changed and is wrong now, a service that it requires is the
  /// cause. So this refuses every new or changed spec among the services that those in `faulty`
  /// require, at any depth. It skips services in `faulty` that were wrong before or lacked a
  /// dependency: their own files may have been contradictory all along.
  bool refuse_culprits(const std::vector<PlannedService*>& faulty) {
    if (faulty.empty()) return false;
    const Search lacked = lacking();
    std::unordered_map<std::string_view, PlannedService*> by_name;
    for (PlannedService& planned : plan_.services)
      if (planned.fate != Fate::removed) by_name.emplace(planned.name, &planned);
    bool refused = false;
    std::unordered_set<const PlannedService*> seen;
    for (const PlannedService* one : faulty) {
      const Node* before = loaded(*one);
      if (before == nullptr || before->broken() || lacked.has(old_.find(one->name))) continue;
      const std::vector<std::string> faults = *plan_.graph->node(one->slot).faults;
      std::vector<const PlannedService*> work{one};
      while (!work.empty()) {
        std::vector<std::string> required = added_to(work.back()->name);
        const Dependencies& named = *work.back()->spec->dependencies;
        for (const auto* list : {&named.requires_, &named.binds_to})
          for (const Dependency& dependency : *list) required.push_back(dependency.name);
        work.pop_back();
        for (const std::string& name : required) {
          const auto other = by_name.find(name);
          if (other == by_name.end() || !seen.insert(other->second).second) continue;
          work.push_back(other->second);
          if (!is_change(*other->second) || other->second->spec->broken()) continue;
          const Node& own = plan_.graph->node(other->second->slot);
          refuse(*other->second,
                 own.faults->empty() ? told_of(*other->second, faults) : *own.faults);
          refused = true;
        }
      }
    }
    return refused;
  }

  /// The services whose files add themselves to the requirements of `name`.
  [[nodiscard]] std::vector<std::string> added_to(const std::string& name) const {
    std::vector<std::string> names;
    for (const PlannedService& planned : plan_.services) {
      const Dependencies& named = *planned.spec->dependencies;
      if (zinit::names(named.required_by, name) || zinit::names(named.bound_by, name))
        names.push_back(planned.name);
    }
    return names;
  }

  /// The faults of another service, as messages about their cause: a new dependency of `culprit`.
  [[nodiscard]] std::vector<std::string> told_of(const PlannedService& culprit,
                                                 const std::vector<std::string>& faults) const {
    const Node* before = loaded(culprit);
    std::vector<std::string> told;
    for (const std::string& fault : faults)
      told.push_back(fault_moved_to(*culprit.spec, before ? before->spec.get() : nullptr, fault));
    return told;
  }

  const Graph& old_;
  const std::vector<bool>& live_;
  const MaskedNames& masked_;
  const std::vector<bool>& up_;
  const PutOff& put_off_;
  std::unordered_set<std::string> names_;              // of the new set
  std::unordered_map<std::string, Slot> loaded_from_;  // by file; only valid services
  Plan plan_;
};

}  // namespace

SpecPtr with_errors(const SpecPtr& spec, const std::vector<std::string>& errors) {
  auto copy = std::make_shared<ServiceSpec>(*spec);
  copy->findings.edit().errors = errors;
  copy->findings.edit().unrefused = spec;
  return copy;
}

Plan plan(const Graph& old, const std::vector<SpecPtr>& specs, const std::vector<bool>& live,
          const MaskedNames& masked, const std::vector<bool>& up, const PutOff& put_off) {
  return Planner(old, specs, live, masked, up, put_off).make();
}

}  // namespace zinit
