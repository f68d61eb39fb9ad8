// The dependency graph: immutable, built from specs as a whole, validated while it is built. A
// change of the graph makes a new one beside it, which replaces it when it is valid.
//
// Services are known by slot, a small number that stays the same over reloads while the service
// exists, so that records, jobs and logs need no look-up by name. Edges are lists of slots, both
// ways.
//
// What a node is at fault for (a cycle, a conflict with what it requires, ...) takes its own edges
// out of the graph, so what is left is acyclic in requires + after whatever the files say.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/spec.hpp"

namespace zinit {

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = 0xffffffff;

struct Node {
  SpecPtr spec;          // null: the slot is free
  bool removed = false;  // no file any more; stays, with its edges, until it is down
  std::uint32_t load_order = 0;

  std::vector<Slot> requires_;  // in the file's order, without doubles, as all lists here
  std::vector<Slot> after;
  std::vector<Slot> wants;
  std::vector<Slot> conflicts;       // symmetric: whichever side declares it
  std::vector<Slot> required_by;     // the reverse of requires_
  std::vector<Slot> ordered_before;  // the reverse of after: what waits for this one
  std::vector<Slot> wanted_by;

  std::vector<std::string> missing;  // required, but nothing has the name
  std::vector<std::string> unknown;  // after, wants, conflicts of a name that nothing has
  std::vector<std::string> faults;   // whole messages about its place in the graph: config_error

  // Whether a change here is seen from further away than one edge (see wake.hpp): something is
  // ordered after, or conflicts with, this one or what requires it (up), or what it requires
  // (down).
  bool watched_from_above = false;
  bool watched_from_below = false;

  /// failed{config_error}: the file or its place in the graph is wrong.
  [[nodiscard]] bool broken() const { return spec->broken() || !faults.empty(); }
};

/// One service that goes into a graph.
struct GraphEntry {
  SpecPtr spec;
  Slot slot = kNoSlot;  // kNoSlot: a free one is given
  std::uint32_t load_order = 0;
  bool removed = false;
};

/// Names of services that exist for nobody, each with the link to /dev/null that masks it.
using MaskedNames = std::map<std::string, std::string, std::less<>>;

class Graph {
 public:
  /// Builds and validates. Names are unique among what is not removed (the loader sees to it); of
  /// two with one name the first stands. Slots given are distinct.
  /// `masked` is kept for explanations alone: what it names is missing like any other name.
  [[nodiscard]] static std::shared_ptr<const Graph> build(const std::vector<GraphEntry>& entries,
                                                          MaskedNames masked = {});

  [[nodiscard]] std::size_t slots() const noexcept { return nodes_.size(); }
  [[nodiscard]] const Node& node(Slot slot) const { return nodes_[slot]; }
  [[nodiscard]] bool used(Slot slot) const { return slot < nodes_.size() && nodes_[slot].spec; }
  [[nodiscard]] const ServiceSpec& spec(Slot slot) const { return *nodes_[slot].spec; }
  [[nodiscard]] const std::string& name(Slot slot) const { return nodes_[slot].spec->name; }

  /// kNoSlot where no service has the name; those removed are still found.
  [[nodiscard]] Slot find(std::string_view name) const;
  /// kNoSlot for those, too, that are removed and only stopping.
  [[nodiscard]] Slot find_loaded(std::string_view name) const;

  [[nodiscard]] const MaskedNames& masked() const noexcept { return masked_; }
  /// The link that masks `name`; null where it is not masked.
  [[nodiscard]] const std::string* masked_by(std::string_view name) const;

  /// Slots in use, by load order.
  [[nodiscard]] const std::vector<Slot>& order() const noexcept { return order_; }

  /// All names, sorted by bytes.
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  friend class GraphBuilder;
  std::vector<Node> nodes_;
  std::vector<Slot> order_;
  std::unordered_map<std::string, Slot> by_name_;
  MaskedNames masked_;
};

/// A fault of a node as one of `spec`, whose change since `before` (null: it is new) has made it:
/// at the first dependency that it has not had before, else where its dependencies begin.
[[nodiscard]] std::string fault_moved_to(const ServiceSpec& spec, const ServiceSpec* before,
                                         std::string_view fault);

using GraphPtr = std::shared_ptr<const Graph>;

}  // namespace zinit
