// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds ordering cycles between services, over edges of both `requires` and `after`.
//
// Pure functions over the nodes of a graph. None recurses, because a chain of services may be
// longer than a thread's stack is deep.
#pragma once

#include <span>
#include <vector>

#include "model/graph.hpp"

namespace zinit {

/// The strongly connected components of the services in `order` that have more than one service. A
/// service is in such a component if and only if it is on a cycle (R. Tarjan, Depth-first search
/// and linear graph algorithms, 1972).
[[nodiscard]] std::vector<std::vector<Slot>> cyclic_components(std::span<const Node> nodes,
                                                               std::span<const Slot> order);

/// A shortest cycle through `start` that uses only services marked in `inside`: its services in
/// order, beginning with `start`. `came_from` is scratch memory with an element for each node.
[[nodiscard]] std::vector<Slot> shortest_cycle(std::span<const Node> nodes, Slot start,
                                               const std::vector<bool>& inside,
                                               std::vector<Slot>& came_from);

/// Whether edges of `requires` and `after` lead from `from` to `to`. True if they are the same.
[[nodiscard]] bool reaches(std::span<const Node> nodes, Slot from, Slot to);

}  // namespace zinit
