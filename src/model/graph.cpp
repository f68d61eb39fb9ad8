// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Builds the graph: resolves names to slots, makes edges in both directions, and finds services
// with a wrong place: they are on a cycle, or require services that conflict.
#include "model/graph.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/sort.hpp"
#include "model/cycles.hpp"

namespace zinit {

namespace {

using EdgeList = SlotList Node::*;

constexpr std::string_view kBindsTo = "binds_to";

/// A list of names in a spec, the list of edges in a node that it becomes, its key, and the name of
/// such an edge in the file of the service where it begins.
struct ListOf {
  std::vector<Dependency> Dependencies::*names;
  EdgeList edges;
  std::string_view key;
  std::string_view kind = key;

  [[nodiscard]] bool binds() const { return kind == kBindsTo; }
};

std::string message(const ServiceSpec& spec, SourcePosition at, std::string_view severity,
                    std::string_view key, std::string_view text) {
  if (at.line == 0) at = spec.dependencies_at;
  std::string_view file = "(runtime)";
  if (!spec.file.empty()) file = spec.file_of(at);
  return fmt::format("{}:{}:{}: {}: dependencies.{}: {}", file, std::max(at.line, 1),
                     std::max(at.column, 1), severity, key, text);
}

}  // namespace

/// Builds one graph. The constructor runs all steps in order.
class GraphBuilder {
 public:
  GraphBuilder(const std::vector<GraphEntry>& entries, MaskedNames masked)
      : graph_(std::make_shared<Graph>()) {
    graph_->masked_ = std::move(masked);
    place(entries);
    for (const Slot slot : graph_->order_) {
      if (!node(slot).removed && !node(slot).broken()) resolve(slot);
    }
    for (const Slot slot : graph_->order_) {
      if (!node(slot).removed && !node(slot).broken()) add_to_others(slot);
    }
    refuse_cycles();
    refuse_conflicts_inside();
    for (const Slot slot : graph_->order_) {
      if (node(slot).removed) resolve_removed(slot);
    }
    for (const Slot slot : graph_->order_) {
      if (!node(slot).removed && !node(slot).broken()) add_to_removed(slot);
    }
    link_back();
    mark_watched();
  }

  std::shared_ptr<const Graph> take() { return std::move(graph_); }

 private:
  Node& node(Slot slot) { return graph_->nodes_[slot]; }
  const std::string& name(Slot slot) { return node(slot).spec->name; }

  void place(const std::vector<GraphEntry>& entries) {
    std::size_t size = 0;
    for (const GraphEntry& entry : entries) {
      if (entry.slot != kNoSlot) size = std::max<std::size_t>(size, entry.slot + 1);
    }
    graph_->nodes_.reserve(entries.size());
    graph_->nodes_.resize(size);
    for (const GraphEntry& entry : entries) {
      if (entry.slot != kNoSlot) fill(entry.slot, entry);
    }
    Slot free = 0;
    for (const GraphEntry& entry : entries) {
      if (entry.slot != kNoSlot) continue;
      while (free < graph_->nodes_.size() && graph_->nodes_[free].spec) ++free;
      if (free == graph_->nodes_.size()) graph_->nodes_.emplace_back();
      fill(free, entry);
    }
    for (Slot slot = 0; slot < graph_->nodes_.size(); ++slot) {
      if (node(slot).spec) graph_->order_.push_back(slot);
    }
    sort_numbers(graph_->order_,
                 [&](Slot a, Slot b) { return node(a).load_order <=> node(b).load_order; });
    graph_->by_name_ = graph_->order_;
    const auto key = [&](Slot slot) {
      return std::tuple(std::string_view(name(slot)), node(slot).removed, node(slot).load_order);
    };
    sort_numbers(graph_->by_name_, [&](Slot a, Slot b) { return key(a) <=> key(b); });
  }

  void fill(Slot slot, const GraphEntry& entry) {
    Node& place = node(slot);
    place.spec = entry.spec;
    place.removed = entry.removed;
    place.load_order = entry.load_order;
  }

  /// The file, place and key of an edge.
  struct EdgePlace {
    const ServiceSpec* spec = nullptr;
    SourcePosition at;
    std::string_view key;
  };

  /// A fault of `slot` about an edge, which may be in another service's file.
  void fault(Slot slot, const EdgePlace& place, std::string_view text) {
    node(slot).faults.edit().push_back(message(*place.spec, place.at, "error", place.key, text));
  }

  void fault(Slot slot, SourcePosition at, std::string_view key, std::string_view text) {
    node(slot).faults.edit().push_back(message(*node(slot).spec, at, "error", key, text));
  }

  void drop_edges(Slot slot) {
    Node& self = node(slot);
    self.added.reset();
    self.requires_.clear();
    self.binds_to.clear();
    self.after.clear();
    self.wants.clear();
    self.conflicts.clear();
  }

  static constexpr std::array kLists = {
      ListOf{&Dependencies::requires_, &Node::requires_, "requires"},
      ListOf{&Dependencies::binds_to, &Node::requires_, kBindsTo},
      ListOf{&Dependencies::after, &Node::after, "after"},
      ListOf{&Dependencies::wants, &Node::wants, "wants"},
      ListOf{&Dependencies::conflicts, &Node::conflicts, "conflicts"},
  };

  static constexpr std::array kListsForOthers = {
      ListOf{&Dependencies::required_by, &Node::requires_, "required_by", "requires"},
      ListOf{&Dependencies::bound_by, &Node::requires_, "bound_by", kBindsTo},
      ListOf{&Dependencies::before, &Node::after, "before", "after"},
      ListOf{&Dependencies::wanted_by, &Node::wants, "wanted_by", "wants"},
  };

  /// Calls `act` with each edge to `slot` that its own file adds to another service.
  template <class Act>
  void each_added(Slot slot, Act act) {
    for (const ListOf& list : kListsForOthers) {
      for (const Dependency& dependency : (*node(slot).spec->dependencies).*list.names)
        act(list, dependency, graph_->find(dependency.name));
    }
  }

  /// Adds to other services the edges that the file of `slot` adds to them.
  void add_to_others(Slot slot) {
    each_added(slot, [&](const ListOf& list, const Dependency& dependency, Slot other) {
      if (other == kNoSlot || node(other).removed) {
        auto& unknown = node(slot).unknown.edit();
        add_once(unknown, dependency.name);
      } else if (other != slot && !node(other).broken()) {
        if (add_edge(other, list, slot)) node(other).added.edit().push_back({slot, list.kind});
      }
    });
  }

  /// Adds an edge from `slot` to `other`. Returns whether it is new.
  bool add_edge(Slot slot, const ListOf& list, Slot other) {
    Node& self = node(slot);
    const bool is_new = add_once(self.*list.edges, other);
    const bool is_bound_now = list.binds() && !self.binds(other);
    if (is_bound_now) self.binds_to.push_back(other);
    return is_new || is_bound_now;
  }

  void resolve(Slot slot) {
    for (const ListOf& list : kLists) {
      for (const Dependency& dependency : (*node(slot).spec->dependencies).*list.names) {
        resolve_one(slot, list, dependency);
      }
    }
    if (!node(slot).faults->empty()) drop_edges(slot);
  }

  /// An edge of a service to itself is left out: the reader of its file has refused it.
  void resolve_one(Slot slot, const ListOf& list, const Dependency& dependency) {
    Node& self = node(slot);
    const Slot other = graph_->find(dependency.name);
    if (other == slot) return;
    // A removed service counts as missing, but keeps the edge: the service must wait for its
    // dependents to stop. An order after what no longer exists holds for nobody, and must not count
    // as one half of a cycle with what the removed service still requires.
    const bool removed = other != kNoSlot && node(other).removed;
    const bool holds = !removed || self.removed || list.edges != &Node::after;
    if (other != kNoSlot && holds) add_edge(slot, list, other);
    if (other != kNoSlot && !removed) return;
    // refuse_conflicts_inside() reports conflicts between services that exist.
    const Dependencies& all = *self.spec->dependencies;
    const bool required =
        zinit::names(all.requires_, dependency.name) || zinit::names(all.binds_to, dependency.name);
    if (list.edges == &Node::conflicts && required)
      fault(slot, dependency.at, list.key, conflict_words(slot, dependency.name));
    auto& names = list.edges == &Node::requires_ ? self.missing.edit() : self.unknown.edit();
    add_once(names, dependency.name);
  }

  void refuse_cycles() {
    for (const auto& component : cyclic_components(graph_->nodes_, graph_->order_))
      refuse_cycle(component);
  }

  void refuse_cycle(const std::vector<Slot>& component) {
    std::vector<bool> inside(graph_->nodes_.size());
    for (const Slot slot : component) inside[slot] = true;
    std::vector<Slot> came_from(graph_->nodes_.size());
    for (const Slot slot : component) {
      const std::vector<Slot> path = shortest_cycle(graph_->nodes_, slot, inside, came_from);
      const std::string text =
          fmt::format("a cycle: {}; remove one of these dependencies", cycle_text(path));
      fault(slot, place_of(slot, path[1 % path.size()]), text);
    }
    for (const Slot slot : component) drop_edges(slot);
  }

  /// A cycle in words. A long one is shortened: every service on the cycle gets this text, so the
  /// total would grow with the square of its length.
  std::string cycle_text(const std::vector<Slot>& path) {
    constexpr std::size_t most = 10, shown_of_more = 8;
    const std::size_t shown = path.size() > most ? shown_of_more : path.size();
    std::string text;
    for (std::size_t i = 0; i < shown; ++i) text.append(name(path[i])).append(" -> ");
    if (shown < path.size()) text += fmt::format("... ({} more) ... -> ", path.size() - shown);
    return text.append(name(path.front()));
  }

  /// The place of the edge of `requires` or `after` from `slot` to `other`: in the file of `slot`,
  /// or in the file of `other`, which adds it.
  EdgePlace place_of(Slot slot, Slot other) {
    const auto written = [this](Slot in, const ListOf& list, Slot names) -> EdgePlace {
      const ServiceSpec& spec = *node(in).spec;
      for (const Dependency& dependency : (*spec.dependencies).*list.names)
        if (dependency.name == name(names)) return {&spec, dependency.at, list.key};
      return {};
    };
    for (const ListOf& list : kLists) {
      if (list.edges != &Node::requires_ && list.edges != &Node::after) continue;
      if (const EdgePlace own = written(slot, list, other); own.spec != nullptr) return own;
      for (const ListOf& added : kListsForOthers) {
        if (added.edges != list.edges) continue;
        if (const EdgePlace its = written(other, added, slot); its.spec != nullptr) return its;
      }
    }
    return {node(slot).spec.get(), {}, "requires"};
  }

  // Refuses services that conflict with a service they require, and services that require two
  // conflicting services, both at any depth.
  void refuse_conflicts_inside() {
    make_conflicts_symmetric();
    std::vector<std::vector<Slot>> dependents(graph_->nodes_.size());
    for (const Slot slot : graph_->order_) {
      for (const Slot required : node(slot).requires_) dependents[required].push_back(slot);
    }
    std::vector<Slot> refused;
    for (const Slot slot : graph_->order_) {
      for (const Slot other : node(slot).conflicts) {
        if (slot < other) refuse_conflict(slot, other, dependents, refused);
      }
    }
    // A refused service never has a process, so it holds up nothing that conflicts with it.
    for (const Slot slot : refused) {
      drop_edges(slot);
      for (Node& other : graph_->nodes_) other.conflicts.erase(slot);
    }
  }

  void refuse_conflict(Slot a, Slot b, const std::vector<std::vector<Slot>>& dependents,
                       std::vector<Slot>& refused) {
    // Usually nothing requires either of the two: this check is fast.
    if (dependents[a].empty() && dependents[b].empty()) return;
    const Search above_a = above(a, dependents);
    const Search above_b = above(b, dependents);
    for (const Slot slot : graph_->order_) {
      if (!above_a.has(slot) || !above_b.has(slot)) continue;
      if (slot == a)
        tell_conflict_with(slot, b, above_b);
      else if (slot == b)
        tell_conflict_with(slot, a, above_a);
      else
        fault(slot, required_at(slot, above_b),
              fmt::format("{} requires both {} and {}, which conflict; remove one of the two",
                          name(slot), name(a), name(b)));
      add_once(refused, slot);
    }
  }

  /// Reports that `slot` requires `other`, although one of the two conflicts with the other.
  void tell_conflict_with(Slot slot, Slot other, const Search& above_other) {
    EdgePlace place = required_at(slot, above_other);
    for (const Dependency& dependency : node(slot).spec->dependencies->conflicts) {
      if (dependency.name == name(other))
        place = {node(slot).spec.get(), dependency.at, "conflicts"};
    }
    fault(slot, place, conflict_words(slot, name(other)));
  }

  std::string conflict_words(Slot slot, std::string_view other) {
    return fmt::format("{} both requires {} and conflicts with it; remove one of the two",
                       name(slot), other);
  }

  /// The place where `slot` requires a service that is marked in `above`.
  EdgePlace required_at(Slot slot, const Search& above) {
    for (const Slot required : node(slot).requires_)
      if (above.has(required)) return place_of(slot, required);
    return {node(slot).spec.get(), {}, "requires"};
  }

  Search above(Slot start, const std::vector<std::vector<Slot>>& dependents) {
    Search search(graph_->slots(), start);
    for (Slot at; search.next(at);)
      for (const Slot dependent : dependents[at]) search.visit(dependent);
    return search;
  }

  void make_conflicts_symmetric() {
    for (const Slot slot : graph_->order_) {
      for (const Slot other : SlotList(node(slot).conflicts)) {
        add_once(node(other).conflicts, slot);
      }
    }
  }

  /// A removed service keeps its edges while it stops, except those that would close a cycle.
  void resolve_removed(Slot slot) {
    const Dependencies& named = *node(slot).spec->dependencies;
    for (const ListOf& list : kLists) {
      if (list.edges != &Node::requires_ && list.edges != &Node::after) continue;
      for (const Dependency& dependency : named.*list.names) keep_edge(slot, list, dependency);
    }
    for (const Dependency& dependency : named.conflicts) {
      const Slot other = graph_->find(dependency.name);
      if (other == kNoSlot || other == slot) continue;
      add_once(node(slot).conflicts, other);
      add_once(node(other).conflicts, slot);
    }
  }

  /// Adds to removed services the edges to `slot` from its file, like resolve_removed().
  void add_to_removed(Slot slot) {
    each_added(slot, [&](const ListOf& list, const Dependency&, Slot other) {
      if (other != kNoSlot && node(other).removed) keep_edge(other, list, {name(slot), {}});
    });
  }

  void keep_edge(Slot slot, const ListOf& list, const Dependency& dependency) {
    const Slot other = graph_->find(dependency.name);
    if (other != kNoSlot && other != slot && !reaches(graph_->nodes_, other, slot))
      add_edge(slot, list, other);
  }

  void link_back() {
    for (const Slot slot : graph_->order_) {
      for (const Slot other : node(slot).requires_) node(other).required_by.push_back(slot);
      for (const Slot other : node(slot).after) node(other).ordered_before.push_back(slot);
      for (const Slot other : node(slot).wants) node(other).wanted_by.push_back(slot);
    }
  }

  void mark_watched() {
    spread(&Node::watched_from_above, &Node::requires_,
           [](const Node& at) { return waited_for_alone(at) || !at.conflicts.empty(); });
    spread(&Node::watched_from_below, &Node::required_by,
           [](const Node& at) { return !at.conflicts.empty(); });
  }

  /// Whether a service comes after `at` without requiring it. A service that requires `at` needs
  /// only satisfied(), because a satisfied service is never in its first try.
  static bool waited_for_alone(const Node& at) {
    if (at.ordered_before.size() > at.required_by.size()) return true;
    const std::set<Slot> dependents(at.required_by.begin(), at.required_by.end());
    return std::ranges::any_of(at.ordered_before,
                               [&](Slot later) { return !dependents.contains(later); });
  }

  /// Sets `mark` on every node for which `begins` is true and on all that it reaches over `edges`.
  template <class Begins>
  void spread(bool Node::*mark, EdgeList edges, Begins begins) {
    Search search;
    search.begin(graph_->slots());
    for (const Slot slot : graph_->order_)
      if (begins(node(slot))) search.visit(slot);
    for (Slot at; search.next(at);) {
      node(at).*mark = true;
      for (const Slot other : node(at).*edges) search.visit(other);
    }
  }

  std::shared_ptr<Graph> graph_;
};

std::shared_ptr<const Graph> Graph::build(const std::vector<GraphEntry>& entries,
                                          MaskedNames masked) {
  return GraphBuilder(entries, std::move(masked)).take();
}

std::string_view Graph::masked_as(std::string_view name) const {
  if (masked_.find(name) != masked_.end() || find_loaded(name) != kNoSlot) return name;
  return name.substr(0, name.find('@') + 1);  // npos + 1 is 0
}

const std::string* Graph::masked_by(std::string_view name) const {
  const auto found = masked_.find(masked_as(name));
  return found == masked_.end() ? nullptr : &found->second;
}

Slot Graph::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      by_name_, name, {}, [&](Slot slot) -> std::string_view { return spec(slot).name; });
  return found == by_name_.end() || spec(*found).name != name ? kNoSlot : *found;
}

Slot Graph::find_loaded(std::string_view name) const {
  const Slot slot = find(name);
  return slot == kNoSlot || nodes_[slot].removed ? kNoSlot : slot;
}

std::vector<std::string> Graph::names() const {
  std::vector<std::string> names;
  names.reserve(order_.size());
  for (const Slot slot : by_name_) names.push_back(name(slot));
  return names;
}

std::vector<std::string> new_lacks(const ServiceSpec& spec, const ServiceSpec& before,
                                   const std::vector<std::string>& missing) {
  const Dependencies& had = *before.dependencies;
  std::vector<std::string> faults;
  const auto look = [&](const std::vector<Dependency>& list, std::string_view key) {
    for (const auto& [name, at] : list) {
      if (names(had.requires_, name) || names(had.binds_to, name)) continue;
      if (!contains(missing, name)) continue;
      faults.push_back(message(spec, at, "error", key,
                               fmt::format("no service is named \"{}\", so the running {} would be "
                                           "stopped",
                                           name, spec.name)));
    }
  };
  look(spec.dependencies->requires_, "requires");
  look(spec.dependencies->binds_to, "binds_to");
  return faults;
}

std::string fault_moved_to(const ServiceSpec& spec, const ServiceSpec* before,
                           std::string_view fault) {
  const auto words = fault.find(": ", fault.find(": dependencies.") + 2);
  const std::string_view text = fault.substr(words == std::string_view::npos ? 0 : words + 2);
  using List = std::vector<Dependency> Dependencies::*;
  constexpr std::array<std::pair<List, std::string_view>, 7> lists = {{
      {&Dependencies::conflicts, "conflicts"},
      {&Dependencies::requires_, "requires"},
      {&Dependencies::binds_to, "binds_to"},
      {&Dependencies::required_by, "required_by"},
      {&Dependencies::bound_by, "bound_by"},
      {&Dependencies::after, "after"},
      {&Dependencies::before, "before"},
  }};
  for (const auto& [list, key] : lists) {
    for (const Dependency& dependency : (*spec.dependencies).*list) {
      const bool had = before != nullptr && names((*before->dependencies).*list, dependency.name);
      if (!had) return message(spec, dependency.at, "error", key, text);
    }
  }
  return message(spec, {}, "error", "requires", text);
}

}  // namespace zinit
