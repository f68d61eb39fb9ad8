// zinitctl tree: what depends on what, drawn with lines.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// Deeper nodes are indented no further; they show how many levels were left out. A chain of
// thousands of services could not be read otherwise.
constexpr std::size_t kDeepest = 40;

/// For each node, whether it is the last of its siblings. Goes through the nodes from the end, and
/// remembers at which depths a later sibling was seen.
std::vector<bool> last_of_siblings(const std::vector<TreeNode>& nodes) {
  std::vector<bool> last(nodes.size());
  std::vector<bool> later;  // by depth: whether a sibling follows
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const auto depth = static_cast<std::size_t>(nodes[i].depth);
    later.resize(std::max(later.size(), depth + 1), false);
    last[i] = !later[depth];
    later[depth] = true;
    later.resize(depth + 1);
  }
  return last;
}

/// The lines that are drawn to the left of a node; a root has none. `lines` says for each depth
/// whether a line goes down to a later sibling.
std::string prefix(const std::vector<bool>& lines, std::size_t depth, bool last) {
  std::string text;
  const std::size_t shown = std::min(depth, kDeepest);
  for (std::size_t level = 1; level < shown; ++level) text += lines[level] ? "│  " : "   ";
  if (depth > 0) text += last ? "└─ " : "├─ ";
  if (depth > shown) text += fmt::format("(+{}) ", depth - shown);
  return text;
}

/// The symbol and the name of a node, cut to fit behind a prefix of `used` columns.
std::string label(const Terminal& terminal, const TreeNode& node, std::size_t used) {
  const bool exists = !node.state.empty();
  std::string after = printable(node.name);
  if (!exists) after += " (does not exist)";
  if (node.kind == "wants" || node.kind == "after") after += fmt::format(" ({})", node.kind);
  if (node.repeated) after += " (*)";
  const std::size_t room = terminal.width > used + 4 ? terminal.width - used - 4 : 1;
  const Colour colour = exists ? state_colour(node.state) : Colour::red;
  return fmt::format("{} {}", terminal.paint(colour, symbol_of(node.state)),
                     terminal.fit(after, room));
}

std::string tree_text(const Terminal& terminal, const std::vector<TreeNode>& nodes) {
  const std::vector<bool> last = last_of_siblings(nodes);
  std::vector<bool> lines;
  std::string text;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto depth = static_cast<std::size_t>(nodes[i].depth);
    lines.resize(std::max(lines.size(), depth + 1), false);
    const std::string before = prefix(lines, depth, last[i]);
    lines[depth] = !last[i];
    text += before + label(terminal, nodes[i], display_width(before)) + "\n";
  }
  return text;
}

}  // namespace

int run_tree(VerbContext& context) {
  JsonParams params;
  if (!context.arguments.rest.empty()) params.add("name", context.arguments.rest.front());
  params.add("reverse", context.arguments.has("reverse"));
  const std::string json = context.client().call("service.tree", params.text());
  const std::vector<TreeNode> nodes = read_tree(parse_json(json));
  return context.print_result(json, tree_text(context.terminal(), nodes));
}

}  // namespace zinit
