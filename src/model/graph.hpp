// The dependency graph: immutable, built from all specs at once, and validated while it is built. A
// reload builds a new graph beside the one in force, and replaces that when the new one is valid.
//
// A service has a slot, a small number that stays the same over reloads as long as the service
// exists. So records, jobs and logs are found without a look-up by name. Edges are lists of slots,
// in both directions.
//
// If a service's place in the graph is wrong (it is on a cycle, conflicts with what it requires,
// ...), its outgoing edges are dropped. So the graph has no cycle of `requires` and `after`,
// whatever the files say.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/or_default.hpp"
#include "model/spec.hpp"

namespace zinit {

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = 0xffffffff;

/// The marks and the work list of one kind of search through the graph. They are kept, so that
/// later searches allocate nothing. Searches are iterative, since a chain of services may be longer
/// than a thread's stack is deep.
class Search {
 public:
  Search() = default;
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
  /// Marks `slot`; false if this search has seen it before.
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

/// An edge of a service that the file of another one adds: by its `required_by`, `bound_by`,
/// `before` or `wanted_by`, which is `requires`, `binds_to`, `after` or `wants` written at the
/// other end.
struct AddedEdge {
  Slot to = kNoSlot;      // the service whose file has it
  std::string_view kind;  // requires, binds_to, after or wants
};

struct Node {
  SpecPtr spec;          // null: the slot is free
  bool removed = false;  // its file is gone; it stays, with its edges, until it is down
  std::uint32_t load_order = 0;

  // In the file's order, without doubles, as all lists here. What it is bound to is among those
  // that it requires.
  std::vector<Slot> requires_;
  OrDefault<std::vector<Slot>> binds_to;
  std::vector<Slot> after;
  std::vector<Slot> wants;
  std::vector<Slot> conflicts;       // symmetric, whichever side names the other
  std::vector<Slot> required_by;     // the reverse of requires_
  std::vector<Slot> ordered_before;  // the reverse of after: those that wait for this one
  std::vector<Slot> wanted_by;

  OrDefault<std::vector<AddedEdge>> added;      // those of the edges above that others' files add
  std::vector<std::string> missing;             // required names that no loaded service has
  OrDefault<std::vector<std::string>> unknown;  // such names in the other lists of dependencies
  OrDefault<std::vector<std::string>>
      faults;  // whole messages about its place in the graph: config_error

  // Whether services more than one edge away may look at this one (wake.hpp). From above: it or a
  // dependent, at any depth, has a conflict or is in the `after` of a service that does not require
  // it. From below: it or something that it requires, at any depth, has a conflict.
  bool watched_from_above = false;
  bool watched_from_below = false;

  /// Whether its edge of that kind to `to` is written in the file of `to`.
  [[nodiscard]] bool adds(Slot to, std::string_view kind) const {
    return std::ranges::any_of(
        *added, [&](const AddedEdge& edge) { return edge.to == to && edge.kind == kind; });
  }
  /// Whether it is bound to `to`, which it requires then.
  [[nodiscard]] bool binds(Slot to) const {
    return std::ranges::find(*binds_to, to) != binds_to->end();
  }
  /// What its edge to `to`, which it requires, is called.
  [[nodiscard]] std::string_view kind_of_required(Slot to) const {
    return binds(to) ? "binds_to" : "requires";
  }
  /// The file or its place in the graph is wrong, so the service fails with config_error.
  [[nodiscard]] bool broken() const { return spec->broken() || !faults->empty(); }
};

/// One service that goes into a graph.
struct GraphEntry {
  SpecPtr spec;
  Slot slot = kNoSlot;  // kNoSlot: build() chooses a free one
  std::uint32_t load_order = 0;
  bool removed = false;
};

/// Names of services that are masked, each with the link to /dev/null that masks it.
using MaskedNames = std::map<std::string, std::string, std::less<>>;

class Graph {
 public:
  /// Builds and validates. The loader has made the names of services that are not removed unique;
  /// find() prefers them to removed ones. Slots in `entries` are distinct. `masked` is kept only
  /// for explanations: a masked name is as missing as any other name that no service has.
  [[nodiscard]] static std::shared_ptr<const Graph> build(const std::vector<GraphEntry>& entries,
                                                          MaskedNames masked = {});

  [[nodiscard]] std::size_t slots() const noexcept { return nodes_.size(); }
  [[nodiscard]] const Node& node(Slot slot) const { return nodes_[slot]; }
  [[nodiscard]] bool used(Slot slot) const { return slot < nodes_.size() && nodes_[slot].spec; }
  [[nodiscard]] const ServiceSpec& spec(Slot slot) const { return *nodes_[slot].spec; }
  [[nodiscard]] const std::string& name(Slot slot) const { return nodes_[slot].spec->name; }

  /// The service of that name, or kNoSlot. Also finds removed services that are still stopping.
  [[nodiscard]] Slot find(std::string_view name) const;
  /// The same, but removed services are not found.
  [[nodiscard]] Slot find_loaded(std::string_view name) const;

  [[nodiscard]] const MaskedNames& masked() const noexcept { return masked_; }
  /// What a mask that hides `name` is of: itself, or of what is not there the template.
  [[nodiscard]] std::string_view masked_as(std::string_view name) const;
  /// The link that masks `name`; null if it is not masked.
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

/// The names of `missing` that `spec` requires and `before` does not, as faults of a service that
/// is up.
[[nodiscard]] std::vector<std::string> new_lacks(const ServiceSpec& spec, const ServiceSpec& before,
                                                 const std::vector<std::string>& missing);

/// Rewrites `fault`, a message about another service, as a fault of `spec`, whose change since
/// `before` (null: it is new) has caused it. Its place is that of the first dependency that
/// `before` does not have, or else that of [dependencies].
[[nodiscard]] std::string fault_moved_to(const ServiceSpec& spec, const ServiceSpec* before,
                                         std::string_view fault);

using GraphPtr = std::shared_ptr<const Graph>;

}  // namespace zinit
