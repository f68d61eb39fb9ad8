// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl tree: the dependencies of services, drawn with lines.
#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/tree_lines.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

/// The symbol and the name of a node, cut to fit after a prefix of `used` columns.
std::string label(const Terminal& terminal, const TreeNode& node, std::size_t used) {
  const bool exists = !node.state.empty();
  std::string after = printable(node.name);
  if (!exists) after += " (does not exist)";
  if (node.kind == "binds_to" || node.kind == "wants" || node.kind == "after")
    after += fmt::format(" ({})", node.kind);
  if (!node.file.empty()) after += fmt::format(" (by {})", printable(node.file));
  if (node.holds) after += " (holds something)";
  if (node.repeated) after += " (*)";
  const std::size_t room = terminal.width > used + 4 ? terminal.width - used - 4 : 1;
  const Colour colour = exists ? state_colour(node.state) : Colour::red;
  return fmt::format("{} {}", terminal.paint(colour, symbol_of(node.state)),
                     terminal.fit(after, room));
}

std::string tree_text(const Terminal& terminal, const std::vector<TreeNode>& nodes) {
  std::vector<int> depths;
  for (const TreeNode& node : nodes) depths.push_back(node.depth);
  const std::vector<std::string> before = tree_lines(depths, terminal.utf8);
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    text += before[i] + label(terminal, nodes[i], display_width(before[i])) + "\n";
  return text;
}

}  // namespace

int run_tree(VerbContext& context) {
  const auto show = [&](JsonParams params) {
    params.add("reverse", context.arguments.has("reverse"));
    const std::string json = context.client().call("service.tree", params.text());
    return context.print_result(
        json, tree_text(context.terminal(), parse_as<std::vector<TreeNode>>(json)));
  };
  if (context.arguments.rest.empty()) return show({});
  return context.for_each_name([&](const std::string& name) { return show(named(name)); });
}

}  // namespace zinit
