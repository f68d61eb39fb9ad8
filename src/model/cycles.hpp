// Cycles in the order of services: over requires and after alike.
//
// Pure functions over the nodes of a graph, any thread. None of them recurses: a chain may be
// longer than a thread's stack is deep.
#pragma once

#include <span>
#include <vector>

#include "model/graph.hpp"

namespace zinit {

/// The strongly connected components of more than one service among `order`, each in any order:
/// whatever is on a cycle is in one of them (R. Tarjan, Depth-first search and linear graph
/// algorithms, 1972).
[[nodiscard]] std::vector<std::vector<Slot>> cyclic_components(std::span<const Node> nodes,
                                                               std::span<const Slot> order);

/// The services of a shortest cycle from `start` among those `inside`, in order, without `start` at
/// its end. `came_from` is room to work in, a place for each node.
[[nodiscard]] std::vector<Slot> shortest_cycle(std::span<const Node> nodes, Slot start,
                                               const std::vector<bool>& inside,
                                               std::vector<Slot>& came_from);

/// Whether `from` comes after `to`, or is it, over any number of edges.
[[nodiscard]] bool reaches(std::span<const Node> nodes, Slot from, Slot to);

}  // namespace zinit
