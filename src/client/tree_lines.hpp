// The lines that are drawn to the left of the nodes of a tree.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace zinit {

/// What stands before each node, given the depths of all in the order in which they are shown:
/// nothing before a root, else lines such as "│  └─ ", or "|  `- " without `utf8`. Nodes beyond a
/// depth of 40 are indented no further and show how many levels were left out: nobody could read
/// a chain of thousands.
[[nodiscard]] std::vector<std::string> tree_lines(std::span<const int> depths, bool utf8);

}  // namespace zinit
