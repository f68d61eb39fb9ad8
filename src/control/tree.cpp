// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The dependency tree as JSON: see tree_json() in views.hpp.
//
// A chain of dependencies may contain every service, so the walk does not recurse: it keeps the
// open nodes in a list.
#include <algorithm>
#include <vector>

#include "control/views.hpp"

namespace zinit {

namespace {

struct Edge {
  Slot slot = kNoSlot;  // kNoSlot: there is no such service
  std::string_view name;
  std::string_view kind;      // of the edge; for a root, the kind of the service
  Slot written_in = kNoSlot;  // the service whose file adds the edge; kNoSlot: its own file
};

class TreeWriter {
 public:
  TreeWriter(const Board::Shown& shown, bool reverse)
      : graph_(*shown.graph),
        services_(shown.services),
        reverse_(reverse),
        seen_(graph_.slots(), false) {}

  [[nodiscard]] std::string tree(Slot root) {
    put_tree(root);
    return writer_.take();
  }

  [[nodiscard]] std::string forest() {
    writer_.begin_array();
    for (const Slot slot : graph_.by_name())
      if (is_root(slot)) put_tree(slot);
    // Services in a cycle of `wants` are below no root.
    for (const Slot slot : graph_.by_name())
      if (!seen_[slot]) put_tree(slot);
    return writer_.end_array().take();
  }

 private:
  struct Open {
    std::vector<Edge> children;
    std::size_t next = 0;
  };

  [[nodiscard]] bool is_root(Slot slot) const {
    const Node& node = graph_.node(slot);
    if (reverse_) return node.requires_.empty() && node.wants.empty() && node.after.empty();
    return node.required_by.empty() && node.wanted_by.empty() && node.ordered_before.empty();
  }

  /// The dependencies of `slot`, or its dependents if reversed: each once, with its strongest edge.
  [[nodiscard]] std::vector<Edge> edges_of(Slot slot) const {
    const Node& node = graph_.node(slot);
    std::vector<Edge> edges;
    const auto add = [&](const SlotList& slots, std::string_view kind) {
      for (const Slot other : slots) {
        const auto same = [other](const Edge& edge) { return edge.slot == other; };
        if (std::any_of(edges.begin(), edges.end(), same)) continue;
        const Slot from = reverse_ ? other : slot, to = reverse_ ? slot : other;
        const bool required = kind == "requires";
        const std::string_view called = required ? graph_.node(from).kind_of_required(to) : kind;
        edges.push_back(
            {other, graph_.name(other), called, graph_.node(from).adds(to, called) ? to : kNoSlot});
      }
    };
    add(reverse_ ? node.required_by : node.requires_, "requires");
    if (!reverse_) {
      for (const std::string& name : *node.missing) edges.push_back({kNoSlot, name, "requires"});
    }
    add(reverse_ ? node.wanted_by : node.wants, "wants");
    add(reverse_ ? node.ordered_before : node.after, "after");
    return edges;
  }

  void put_tree(Slot root) {
    open({root, graph_.name(root), kind_name(graph_.spec(root).kind)});
    while (!open_.empty()) {
      Open& top = open_.back();
      if (top.next < top.children.size()) {
        open(top.children[top.next++]);
      } else {
        writer_.end_array().end_object();
        open_.pop_back();
      }
    }
  }

  /// Begins a node; its children follow.
  void open(Edge edge) {
    const bool there = edge.slot != kNoSlot;
    Open node;
    struct {
      std::string_view name;
      std::optional<State> state;
      std::string_view kind;
      bool holds;
      std::optional<std::string> file;
      bool repeated;
    } source{edge.name, {}, edge.kind, there && services_[edge.slot].holds, {}, false};
    if (there) source.state = services_[edge.slot].state;
    if (edge.written_in != kNoSlot) source.file = graph_.spec(edge.written_in).file;
    if (there) {
      source.repeated = seen_[edge.slot];
      seen_[edge.slot] = true;
      if (!source.repeated) node.children = edges_of(edge.slot);
    }
    put_members<protocol::TreeNode>(writer_.begin_object(), source);
    writer_.key("children").begin_array();
    open_.push_back(std::move(node));
  }

  const Graph& graph_;
  const std::vector<Board::Shown::Service>& services_;
  const bool reverse_;
  std::vector<bool> seen_;
  std::vector<Open> open_;
  JsonWriter writer_;
};

}  // namespace

std::string tree_json(const Board& board, Slot root, bool reverse) {
  const Board::Shown shown = board.shown();
  TreeWriter writer(shown, reverse);
  return root == kNoSlot ? writer.forest() : writer.tree(root);
}

}  // namespace zinit
