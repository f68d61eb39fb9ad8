// The plan of a reload: which config stands for each name, and the valid graph that they make.
#include "model/plan.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace zinit {

namespace {

using Fate = PlannedService::Fate;

/// `spec` as it was, with what is said of its refused successor among its warnings, and of that one
/// alone: what was said of one before it may be mended.
SpecPtr with_warnings(const SpecPtr& spec, std::vector<std::string> refused) {
  refused.emplace_back("the file has changed and is wrong; the config read before stays in force");
  auto copy = std::make_shared<ServiceSpec>(*spec);
  copy->warnings.resize(copy->warnings.size() - copy->refused_warnings);
  const std::size_t own = copy->warnings.size();
  for (const std::string& text : refused) {
    if (std::ranges::find(copy->warnings, text) == copy->warnings.end())
      copy->warnings.push_back(text);
  }
  copy->refused_warnings = copy->warnings.size() - own;
  return copy;
}

SpecPtr with_errors(const SpecPtr& spec, const std::vector<std::string>& errors) {
  auto copy = std::make_shared<ServiceSpec>(*spec);
  copy->errors = errors;
  copy->unrefused = spec;
  return copy;
}

class Planner {
 public:
  Planner(const Graph& old, const std::vector<SpecPtr>& specs, const std::vector<bool>& live,
          const MaskedNames& masked)
      : old_(old), live_(live), masked_(masked) {
    for (const SpecPtr& spec : specs) names_.insert(spec->name);
    for (const Slot slot : old_.order()) {
      const Node& node = old_.node(slot);
      if (!node.removed && !node.broken()) loaded_from_.emplace(node.spec->file, slot);
    }
    for (const SpecPtr& spec : specs) add(spec);
    add_removed();
  }

  Plan make() {
    build();
    // Refusing one may mend another, or put an old edge back that makes a new fault.
    while (refuse_faulty()) build();
    for (PlannedService& planned : plan_.services) {
      if (planned.fate == Fate::removed || !planned.refused.empty()) continue;
      planned.refused = plan_.graph->node(planned.slot).faults;
    }
    return std::move(plan_);
  }

 private:
  /// The node of a service that is loaded, not one that only stops. By its name: the slot that it
  /// has in the new graph may have been another's in the old one.
  [[nodiscard]] const Node* loaded(const PlannedService& planned) const {
    const Slot slot = old_.find_loaded(planned.name);
    return slot == kNoSlot ? nullptr : &old_.node(slot);
  }

  /// The name that `spec` is about: its own. But a wrong file may no longer say its name, and is
  /// about the service that was read from it then, not about one more under another name. Where
  /// there was nothing but a wrong file either, no config is left that the old name stood for.
  [[nodiscard]] std::string name_of(const ServiceSpec& spec) const {
    const auto found = loaded_from_.find(spec.file);
    if (!spec.broken() || spec.file.empty() || found == loaded_from_.end()) return spec.name;
    std::string name = old_.name(found->second);
    return names_.contains(name) ? spec.name : name;
  }

  void add(const SpecPtr& spec) {
    const std::string name = name_of(*spec);
    PlannedService planned{name, Fate::added, spec, old_.find(name), false, true, {}};
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
    planned.spec = with_warnings(before.spec, planned.refused);
  }

  void add_removed() {
    for (const Slot slot : old_.order()) {
      if (names_.contains(old_.name(slot))) continue;
      plan_.services.push_back(
          {old_.name(slot), Fate::removed, old_.node(slot).spec, slot, false, true, {}});
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
    std::vector<PlannedService*> unchanged;
    for (PlannedService& planned : plan_.services) {
      if (planned.fate == Fate::removed) continue;
      const Node& node = plan_.graph->node(planned.slot);
      if (node.faults.empty()) continue;
      if (!is_change(planned)) {
        unchanged.push_back(&planned);
        continue;
      }
      refuse(planned, node.faults);
      refused = true;
    }
    return refuse_culprits(unchanged) || refused;
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

  /// What was refused for the same reason before has not changed.
  static void refuse_again(PlannedService& planned, const Node* before,
                           const std::vector<std::string>& faults) {
    const bool same = before != nullptr && before->spec->unrefused != nullptr &&
                      before->spec->errors == faults &&
                      compare(*before->spec->unrefused, *planned.spec) == SpecChange::none;
    planned.spec = with_errors(planned.spec, faults);
    if (same) planned.fate = Fate::unchanged;
  }

  /// The loaded services that require what is missing, and all that require them, transitively.
  [[nodiscard]] std::unordered_set<Slot> lacking() const {
    std::unordered_set<Slot> lacking;
    std::vector<Slot> work;
    for (const Slot slot : old_.order())
      if (!old_.node(slot).missing.empty() && lacking.insert(slot).second) work.push_back(slot);
    while (!work.empty()) {
      const Node& node = old_.node(work.back());
      work.pop_back();
      for (const Slot above : node.required_by)
        if (lacking.insert(above).second) work.push_back(above);
    }
    return lacking;
  }

  /// What was all right and has not changed is not at fault, but something that it stands on:
  /// refuses what is new or changed among all that `faulty` require, transitively. Nothing for
  /// those that were at fault before, or lacked what now shows their contradiction.
  bool refuse_culprits(const std::vector<PlannedService*>& faulty) {
    if (faulty.empty()) return false;
    const std::unordered_set<Slot> lacked = lacking();
    std::unordered_map<std::string_view, PlannedService*> by_name;
    for (PlannedService& planned : plan_.services)
      if (planned.fate != Fate::removed) by_name.emplace(planned.name, &planned);
    bool refused = false;
    std::unordered_set<const PlannedService*> seen;
    for (const PlannedService* one : faulty) {
      const Node* before = loaded(*one);
      if (before == nullptr || before->broken() || lacked.contains(old_.find(one->name))) continue;
      const std::vector<std::string> faults = plan_.graph->node(one->slot).faults;
      std::vector<const PlannedService*> work{one};
      while (!work.empty()) {
        const std::vector<Dependency> required = work.back()->spec->dependencies.requires_;
        work.pop_back();
        for (const Dependency& dependency : required) {
          const auto other = by_name.find(dependency.name);
          if (other == by_name.end() || !seen.insert(other->second).second) continue;
          work.push_back(other->second);
          if (!is_change(*other->second) || other->second->spec->broken()) continue;
          const Node& own = plan_.graph->node(other->second->slot);
          refuse(*other->second, own.faults.empty() ? told_of(*other->second, faults) : own.faults);
          refused = true;
        }
      }
    }
    return refused;
  }

  /// The faults of another at the place of the change that has made them: what is new among the
  /// dependencies of `culprit`.
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
  std::unordered_set<std::string> names_;              // of the new set
  std::unordered_map<std::string, Slot> loaded_from_;  // by file; what is all right alone
  Plan plan_;
};

}  // namespace

Plan plan(const Graph& old, const std::vector<SpecPtr>& specs, const std::vector<bool>& live,
          const MaskedNames& masked) {
  return Planner(old, specs, live, masked).make();
}

}  // namespace zinit
