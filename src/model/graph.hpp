// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The dependency graph: immutable, built from all specs at once, and validated while it is built. A
// reload builds a new graph beside the present one, and replaces it if the new one is valid.
//
// A service has a slot, a small number that stays the same over reloads as long as the service
// exists. So nothing looks up records, jobs and logs by name. Edges are lists of slots, in both
// directions.
//
// If a service's place in the graph is wrong (it is on a cycle, conflicts with a service that it
// requires, ...), its outgoing edges are dropped. So the graph never has a cycle of `requires` and
// `after`.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lists.hpp"
#include "base/or_default.hpp"
#include "model/slot_list.hpp"
#include "model/spec.hpp"

namespace zinit {

/// The marks and the work list of one kind of search through the graph. They are kept, so that
/// later searches allocate nothing. Searches are iterative, because a chain of services may be
/// longer than a thread's stack is deep.
class Search {
 public:
  Search() = default;
  explicit Search(std::size_t slots) { begin(slots); }
  /// A search that begins at `start`.
  Search(std::size_t slots, Slot start) {
    begin(slots);
    visit(start);
  }
  void begin(std::size_t slots) {
    if (marks_.size() < slots) marks_.resize(slots, 0);
    if (++epoch_ == 0) {  // after four billion searches old marks would count as new ones
      std::fill(marks_.begin(), marks_.end(), 0);
      epoch_ = 1;
    }
    work_.clear();
  }
  /// Marks `slot`; false: this search has already seen it.
  bool mark(Slot slot) {
    if (marks_[slot] == epoch_) return false;
    marks_[slot] = epoch_;
    return true;
  }
  [[nodiscard]] bool has(Slot slot) const { return marks_[slot] == epoch_; }
  /// Puts `slot` on the list unless this search has seen it.
  void visit(Slot slot) {
    if (mark(slot)) work_.push_back(slot);
  }
  [[nodiscard]] bool next(Slot& slot) {
    if (work_.empty()) return false;
    slot = work_.back();
    work_.pop_back();
    return true;
  }

 private:
  std::vector<std::uint32_t> marks_;
  std::vector<Slot> work_;
  std::uint32_t epoch_ = 0;
};

/// An edge that another service's file adds to a service: `required_by`, `bound_by`, `before` or
/// `wanted_by` there means `requires`, `binds_to`, `after` or `wants` here.
struct AddedEdge {
  Slot to = kNoSlot;      // the service with this edge in its file
  std::string_view kind;  // requires, binds_to, after or wants
};

struct Node {
  SpecPtr spec;          // null: the slot is free
  bool removed = false;  // its file is gone; it stays, with its edges, until it is down
  std::uint32_t load_order = 0;

  // In the file's order, without doubles, like all lists here. requires_ contains binds_to.
  SlotList requires_;
  SlotList binds_to;
  SlotList after;
  SlotList wants;
  SlotList conflicts;       // symmetric: either side may name the other
  SlotList required_by;     // the reverse of requires_
  SlotList ordered_before;  // the reverse of after: services that wait for this one
  SlotList wanted_by;

  OrDefault<std::vector<AddedEdge>> added;      // edges above that other files add
  OrDefault<std::vector<std::string>> missing;  // required names without a loaded service
  OrDefault<std::vector<std::string>> unknown;  // such names in the other lists of dependencies
  OrDefault<std::vector<std::string>>
      faults;  // whole messages about its place in the graph: config_error

  // Whether services more than one edge away may look at this one (wake.hpp). From above: it or a
  // dependent, at any depth, has a conflict or is in the `after` of a service that does not require
  // it. From below: it or a service that it requires, at any depth, has a conflict.
  bool watched_from_above = false;
  bool watched_from_below = false;

  /// Whether the file of `to` adds the edge of this kind from this service to `to`.
  [[nodiscard]] bool adds(Slot to, std::string_view kind) const {
    return std::ranges::any_of(
        *added, [&](const AddedEdge& edge) { return edge.to == to && edge.kind == kind; });
  }
  /// Whether it is bound to `to`, and so requires it.
  [[nodiscard]] bool binds(Slot to) const { return contains(binds_to, to); }
  /// The kind of its edge to `to`, which it requires.
  [[nodiscard]] std::string_view kind_of_required(Slot to) const {
    return binds(to) ? "binds_to" : "requires";
  }
  /// Whether the file or its place in the graph is wrong: then the service fails with config_error.
  [[nodiscard]] bool broken() const { return spec->broken() || !faults->empty(); }
};

/// One service for a graph.
struct GraphEntry {
  SpecPtr spec;
  Slot slot = kNoSlot;  // kNoSlot: build() chooses a free one
  std::uint32_t load_order = 0;
  bool removed = false;
};

/// Names of masked services, each with the link to /dev/null that masks it.
using MaskedNames = std::map<std::string, std::string, std::less<>>;

class Graph {
 public:
  /// Builds and validates. The names of services that are not removed are unique already, from the
  /// loader; find() prefers them to removed ones. Slots in `entries` are distinct. `masked` is kept
  /// only for explanations: a masked name counts as missing, like any other name without a service.
  [[nodiscard]] static std::shared_ptr<const Graph> build(const std::vector<GraphEntry>& entries,
                                                          MaskedNames masked = {});

  [[nodiscard]] std::size_t slots() const noexcept { return nodes_.size(); }
  [[nodiscard]] const Node& node(Slot slot) const { return nodes_[slot]; }
  [[nodiscard]] bool used(Slot slot) const { return slot < nodes_.size() && nodes_[slot].spec; }
  [[nodiscard]] const ServiceSpec& spec(Slot slot) const { return *nodes_[slot].spec; }
  [[nodiscard]] const std::string& name(Slot slot) const { return nodes_[slot].spec->name; }

  /// The service with this name, or kNoSlot. Also finds removed services that are still stopping.
  [[nodiscard]] Slot find(std::string_view name) const;
  /// The same, without removed services.
  [[nodiscard]] Slot find_loaded(std::string_view name) const;

  [[nodiscard]] const MaskedNames& masked() const noexcept { return masked_; }
  /// The masked name that hides `name`: `name` itself, or the template of a missing instance.
  [[nodiscard]] std::string_view masked_as(std::string_view name) const;
  /// The link that masks `name`; null if it is not masked.
  [[nodiscard]] const std::string* masked_by(std::string_view name) const;

  /// Used slots, in load order.
  [[nodiscard]] const std::vector<Slot>& order() const noexcept { return order_; }
  /// The same, sorted by the bytes of their names. Of the same name, a removed one comes last.
  [[nodiscard]] const std::vector<Slot>& by_name() const noexcept { return by_name_; }

  /// All names, sorted by bytes.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  std::vector<Slot> order_;
  std::vector<Slot> by_name_;
  MaskedNames masked_;
};

/// The names in `missing` that `spec` newly requires since `before`, as faults of a service that is
/// up.
[[nodiscard]] std::vector<std::string> new_lacks(const ServiceSpec& spec, const ServiceSpec& before,
                                                 const std::vector<std::string>& missing);

/// Rewrites `fault`, a message about another service, as a fault of `spec`, whose change since
/// `before` (null: it is new) caused it. Its place is the first dependency that `before` does not
/// have, or else [dependencies].
[[nodiscard]] std::string fault_moved_to(const ServiceSpec& spec, const ServiceSpec* before,
                                         std::string_view fault);

using GraphPtr = std::shared_ptr<const Graph>;

}  // namespace zinit
