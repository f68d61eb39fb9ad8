// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A depth-first search for services on cycles, a breadth-first search for the shortest cycle.
#include "model/cycles.hpp"

#include <algorithm>
#include <cstdint>

namespace zinit {

namespace {

/// The n-th edge of requires + after, or kNoSlot past the last.
Slot ordering_edge(const Node& node, std::size_t n) {
  if (n < node.requires_.size()) return node.requires_[n];
  n -= node.requires_.size();
  return n < node.after.size() ? node.after[n] : kNoSlot;
}

/// Tarjan's algorithm, with an explicit stack instead of recursion.
class Components {
 public:
  explicit Components(std::span<const Node> nodes)
      : nodes_(nodes), index_(nodes.size(), 0), low_(nodes.size(), 0), on_stack_(nodes.size()) {}

  void add_from(Slot start) {
    if (index_[start] != 0) return;
    frames_.push_back({start, 0});
    while (!frames_.empty()) step();
  }

  std::vector<std::vector<Slot>> take() { return std::move(cyclic_); }

 private:
  struct Frame {
    Slot slot;
    std::size_t edge;
  };

  void step() {
    const Slot at = frames_.back().slot;
    if (frames_.back().edge == 0 && index_[at] == 0) {
      index_[at] = low_[at] = ++next_;
      stack_.push_back(at);
      on_stack_[at] = true;
    }
    const Slot to = ordering_edge(nodes_[at], frames_.back().edge++);
    if (to == kNoSlot) return leave(at);
    if (index_[to] == 0)
      frames_.push_back({to, 0});
    else if (on_stack_[to])
      low_[at] = std::min(low_[at], index_[to]);
  }

  void leave(Slot at) {
    if (low_[at] == index_[at]) pop_component(at);
    frames_.pop_back();
    if (frames_.empty()) return;
    const Slot below = frames_.back().slot;
    low_[below] = std::min(low_[below], low_[at]);
  }

  void pop_component(Slot root) {
    std::vector<Slot> component;
    Slot slot = kNoSlot;
    do {
      slot = stack_.back();
      stack_.pop_back();
      on_stack_[slot] = false;
      component.push_back(slot);
    } while (slot != root);
    if (component.size() > 1) cyclic_.push_back(std::move(component));
  }

  std::span<const Node> nodes_;
  std::vector<std::uint32_t> index_, low_;
  std::vector<bool> on_stack_;
  std::vector<Slot> stack_;
  std::vector<Frame> frames_;
  std::vector<std::vector<Slot>> cyclic_;
  std::uint32_t next_ = 0;
};

std::vector<Slot> walk_back(Slot start, const std::vector<Slot>& came_from) {
  std::vector<Slot> path;
  Slot at = start;
  do {
    at = came_from[at];
    path.push_back(at);
  } while (at != start);
  std::ranges::reverse(path);
  return path;
}

}  // namespace

std::vector<std::vector<Slot>> cyclic_components(std::span<const Node> nodes,
                                                 std::span<const Slot> order) {
  Components components(nodes);
  for (const Slot slot : order) components.add_from(slot);
  return components.take();
}

std::vector<Slot> shortest_cycle(std::span<const Node> nodes, Slot start,
                                 const std::vector<bool>& inside, std::vector<Slot>& came_from) {
  std::ranges::fill(came_from, kNoSlot);
  std::vector<Slot> queue{start};
  for (std::size_t i = 0; i < queue.size(); ++i) {
    const Slot at = queue[i];
    for (const auto list : {&Node::requires_, &Node::after}) {
      for (const Slot to : nodes[at].*list) {
        if (!inside[to] || came_from[to] != kNoSlot) continue;
        came_from[to] = at;
        if (to == start) return walk_back(start, came_from);
        queue.push_back(to);
      }
    }
  }
  return {start};
}

bool reaches(std::span<const Node> nodes, Slot from, Slot to) {
  Search search(nodes.size(), from);
  for (Slot at; search.next(at);) {
    if (at == to) return true;
    for (const auto list : {&Node::requires_, &Node::after})
      for (const Slot next : nodes[at].*list) search.visit(next);
  }
  return false;
}

}  // namespace zinit
