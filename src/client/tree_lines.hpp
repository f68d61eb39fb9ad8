// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lines to the left of the nodes of a tree.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace zinit {

/// The prefix of each node, from the depths of all nodes in display order: empty for a root, else
/// lines such as "│  └─ ", or "|  `- " without `utf8`. Below a depth of 40, nodes are not indented
/// further but show how many levels were left out: nobody could read a chain of thousands.
[[nodiscard]] std::vector<std::string> tree_lines(std::span<const int> depths, bool utf8);

}  // namespace zinit
