// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines of a tree: see tree_lines.hpp.
#include "client/tree_lines.hpp"

#include <algorithm>

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr std::size_t kDeepestLine = 40;

/// For each node, whether it is the last of its siblings. Goes through the nodes from the end, and
/// remembers the depths of later siblings.
std::vector<bool> last_of_siblings(std::span<const int> depths) {
  std::vector<bool> last(depths.size());
  std::vector<bool> later;  // by depth: a sibling follows
  for (std::size_t i = depths.size(); i-- > 0;) {
    const auto depth = static_cast<std::size_t>(depths[i]);
    later.resize(std::max(later.size(), depth + 1), false);
    last[i] = !later[depth];
    later[depth] = true;
    later.resize(depth + 1);
  }
  return last;
}

/// `lines` says for each depth whether a line leads down to a later sibling.
std::string prefix(const std::vector<bool>& lines, std::size_t depth, bool last, bool utf8) {
  const std::string_view passing = utf8 ? "│  " : "|  ";
  std::string text;
  const std::size_t shown = std::min(depth, kDeepestLine);
  for (std::size_t level = 1; level < shown; ++level) text += lines[level] ? passing : "   ";
  if (depth > 0) text += utf8 ? (last ? "└─ " : "├─ ") : (last ? "`- " : "|- ");
  if (depth > shown) text += fmt::format("(+{}) ", depth - shown);
  return text;
}

}  // namespace

std::vector<std::string> tree_lines(std::span<const int> depths, bool utf8) {
  const std::vector<bool> last = last_of_siblings(depths);
  std::vector<bool> lines;
  std::vector<std::string> prefixes;
  for (std::size_t i = 0; i < depths.size(); ++i) {
    const auto depth = static_cast<std::size_t>(depths[i]);
    lines.resize(std::max(lines.size(), depth + 1), false);
    prefixes.push_back(prefix(lines, depth, last[i], utf8));
    lines[depth] = !last[i];
  }
  return prefixes;
}

}  // namespace zinit
