// The plan of a reload: which config stands for each name, and the valid graph that they make.
#include "model/plan.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace zinit {

namespace {

using Fate = PlannedService::Fate;

/// `spec` as it was, with what is said of its refused successor among its warnings.
SpecPtr with_warnings(const SpecPtr& spec, std::vector<std::string> refused) {
  refused.emplace_back("the file has changed and is wrong; the config read before stays in force");
  auto copy = std::make_shared<ServiceSpec>(*spec);
  for (const std::string& text : refused) {
    if (std::ranges::find(copy->warnings, text) == copy->warnings.end())
      copy->warnings.push_back(text);
  }
  return copy;
}

SpecPtr with_errors(const SpecPtr& spec, const std::vector<std::string>& errors) {
  auto copy = std::make_shared<ServiceSpec>(*spec);
  copy->errors = errors;
  return copy;
}

class Planner {
 public:
  Planner(const Graph& old, const std::vector<SpecPtr>& specs, const std::vector<bool>& live,
          const MaskedNames& masked)
      : old_(old), live_(live), masked_(masked) {
    for (const SpecPtr& spec : specs) names_.insert(spec->name);
    for (const Slot slot : old_.order()) {
      if (!old_.node(slot).removed) loaded_from_.emplace(old_.node(slot).spec->file, slot);
    }
    for (const SpecPtr& spec : specs) add(spec);
    add_removed();
  }

  Plan make() {
    build();
    // Refusing one may mend another, or put an old edge back that makes a new fault.
    while (refuse_faulty()) build();
    return std::move(plan_);
  }

 private:
  /// The node of a service that is loaded, not one that only stops.
  [[nodiscard]] const Node* loaded(const PlannedService& planned) const {
    if (planned.slot == kNoSlot || !old_.used(planned.slot)) return nullptr;
    const Node& node = old_.node(planned.slot);
    return node.removed ? nullptr : &node;
  }

  /// The name that `spec` is about: its own. But a wrong file may no longer say its name, and is
  /// about the service that was read from it then, not about one more under another name.
  [[nodiscard]] std::string name_of(const ServiceSpec& spec) const {
    const auto found = loaded_from_.find(spec.file);
    if (!spec.broken() || spec.file.empty() || found == loaded_from_.end()) return spec.name;
    std::string name = old_.name(found->second);
    return names_.contains(name) ? spec.name : name;
  }

  void add(const SpecPtr& spec) {
    const std::string name = name_of(*spec);
    PlannedService planned{name, Fate::added, spec, old_.find(name), false, {}};
    const Node* before = loaded(planned);
    if (spec->broken()) planned.refused = spec->errors;
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
    // What could not start before has nothing that may go on as it is.
    if (before.broken())
      return before.spec->errors == spec.errors && spec.broken() ? Fate::unchanged : Fate::restart;
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
    planned.spec = with_warnings(before.spec, planned.refused);
  }

  void add_removed() {
    for (const Slot slot : old_.order()) {
      if (names_.contains(old_.name(slot))) continue;
      plan_.services.push_back(
          {old_.name(slot), Fate::removed, old_.node(slot).spec, slot, false, {}});
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

  /// Puts the old config of what the new graph finds at fault back in place. True if anything was
  /// done.
  bool refuse_faulty() {
    bool refused = false;
    for (PlannedService& planned : plan_.services) {
      if (planned.fate == Fate::removed) continue;
      const Node& node = plan_.graph->node(planned.slot);
      if (node.faults.empty()) continue;
      const bool changed = is_change(planned);
      if (changed) refuse(planned, node.faults);
      // What was all right and has not changed is not at fault, but something that it stands on.
      refused = changed || refuse_culprits(planned, node.faults) || refused;
    }
    return refused;
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
      planned.spec = with_errors(planned.spec, faults);
  }

  /// Refuses what is new or changed among all that `faulty` requires, transitively. Nothing where
  /// it was at fault before.
  bool refuse_culprits(const PlannedService& faulty, const std::vector<std::string>& faults) {
    const Node* before = loaded(faulty);
    if (before == nullptr || before->broken()) return false;
    bool refused = false;
    std::unordered_set<std::string> seen{faulty.name};
    std::vector<const ServiceSpec*> work{faulty.spec.get()};
    while (!work.empty()) {
      const std::vector<Dependency> required = work.back()->dependencies.requires_;
      work.pop_back();
      for (const Dependency& dependency : required) {
        PlannedService* other =
            seen.insert(dependency.name).second ? find(dependency.name) : nullptr;
        if (other == nullptr) continue;
        work.push_back(other->spec.get());
        if (!is_change(*other) || other->spec->broken()) continue;
        refuse(*other, faults);
        refused = true;
      }
    }
    return refused;
  }

  PlannedService* find(const std::string& name) {
    const auto found = std::ranges::find(plan_.services, name, &PlannedService::name);
    return found == plan_.services.end() || found->fate == Fate::removed ? nullptr : &*found;
  }

  const Graph& old_;
  const std::vector<bool>& live_;
  const MaskedNames& masked_;
  std::unordered_set<std::string> names_;              // of the new set
  std::unordered_map<std::string, Slot> loaded_from_;  // by file
  Plan plan_;
};

}  // namespace

Plan plan(const Graph& old, const std::vector<SpecPtr>& specs, const std::vector<bool>& live,
          const MaskedNames& masked) {
  return Planner(old, specs, live, masked).make();
}

}  // namespace zinit
