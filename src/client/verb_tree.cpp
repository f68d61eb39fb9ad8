// zinitctl tree: what depends on what, drawn with lines.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// Deeper nodes are drawn at this depth, with the number of levels that were left out: the lines of
// a chain of thousands would be nothing but blanks.
constexpr std::size_t kDeepest = 40;

/// For each node whether it is the last of its siblings. Looked at from the end: what has been seen
/// at a depth comes later, until a node above closes it.
std::vector<bool> last_of_siblings(const std::vector<TreeNode>& nodes) {
  std::vector<bool> last(nodes.size());
  std::vector<bool> later;  // by depth: a sibling follows
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const auto depth = static_cast<std::size_t>(nodes[i].depth);
    later.resize(std::max(later.size(), depth + 1), false);
    last[i] = !later[depth];
    later[depth] = true;
    later.resize(depth + 1);
  }
  return last;
}

class TreeText {
 public:
  TreeText(const Terminal& terminal, const std::vector<TreeNode>& nodes)
      : terminal_(terminal), nodes_(nodes), last_(last_of_siblings(nodes)) {}

  std::string make() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const auto depth = static_cast<std::size_t>(nodes_[i].depth);
      lines_.resize(std::max(lines_.size(), depth + 1), false);
      const std::string before = prefix(depth, last_[i]);
      lines_[depth] = !last_[i];
      text_ += before + label(nodes_[i], display_width(before)) + "\n";
    }
    return text_;
  }

 private:
  /// The lines to the left of a node. Roots have none.
  [[nodiscard]] std::string prefix(std::size_t depth, bool last) const {
    std::string text;
    const std::size_t shown = std::min(depth, kDeepest);
    for (std::size_t level = 1; level < shown; ++level) text += lines_[level] ? "│  " : "   ";
    if (depth > 0) text += last ? "└─ " : "├─ ";
    if (depth > shown) text += fmt::format("(+{}) ", depth - shown);
    return text;
  }

  [[nodiscard]] std::string label(const TreeNode& node, std::size_t used) const {
    const bool exists = !node.state.empty();
    std::string after = printable(node.name);
    if (!exists) after += " (does not exist)";
    if (node.kind == "wants" || node.kind == "after") after += fmt::format(" ({})", node.kind);
    if (node.repeated) after += " (*)";
    const std::size_t room = terminal_.width > used + 4 ? terminal_.width - used - 4 : 1;
    const Colour colour = exists ? state_colour(node.state) : Colour::red;
    return fmt::format("{} {}", terminal_.paint(colour, symbol_of(node.state)),
                       terminal_.fit(after, room));
  }

  const Terminal& terminal_;
  const std::vector<TreeNode>& nodes_;
  const std::vector<bool> last_;
  std::vector<bool> lines_;  // by depth: a line goes on to a later sibling
  std::string text_;
};

}  // namespace

int run_tree(VerbContext& context) {
  const std::string name = context.arguments.rest.empty() ? "" : context.arguments.rest.front();
  const bool reverse = context.arguments.has("reverse");
  if (context.json()) {
    JsonParams params;
    if (!name.empty()) params.add("name", name);
    context.print_json(
        context.client().call("service.tree", params.add("reverse", reverse).text()));
  } else {
    const auto nodes = context.client().tree(name, reverse);
    context.print(TreeText(context.terminal(), nodes).make());
  }
  return ExitStatus::done;
}

}  // namespace zinit
