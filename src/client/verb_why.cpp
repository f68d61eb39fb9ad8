// zinitctl why: the chain of reasons in sentences, down to the service at fault, and what to do
// next.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/text_block.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// Deeper links are not moved further to the right.
constexpr int kDeepest = 12;

/// How one depends on another, or the empty string for a reason that is no dependency.
std::string_view verb_of_edge(std::string_view kind) {
  if (kind == "requires" || kind == "missing") return "requires";
  if (kind == "after") return "starts after";
  if (kind == "conflicts") return "conflicts with";
  return {};
}

/// One link as a sentence; `above` is whose reason it is.
std::string sentence(const WhyReason& reason, const std::string& above) {
  const std::string_view edge = verb_of_edge(reason.kind);
  if (edge.empty()) {
    return reason.service == above ? reason.detail
                                   : fmt::format("{} {}", reason.service, reason.detail);
  }
  const bool exists = !reason.detail.starts_with("no ");
  return fmt::format("{} {} {}, {} {}", above, edge, reason.service, exists ? "which" : "but",
                     reason.detail);
}

/// What to do about the service at the end of a chain.
std::string advice(const WhyReason& root) {
  const std::string& name = root.service;
  if (root.kind == "missing" || root.detail.starts_with("no ")) {
    return "add a service of that name, or take it out of `requires`";
  }
  if (root.state == "failed") {
    return fmt::format(
        "see `zinitctl logs {0}`, then `zinitctl start {0}`; what waits for it follows by itself",
        name);
  }
  if (root.state == "inactive" || root.state == "exited")
    return fmt::format("`zinitctl start {}`", name);
  if (root.state == "running")
    return fmt::format("`zinitctl stop {}`, or leave things as they are", name);
  return "it is under way; nothing needs to be done yet";
}

class WhyText {
 public:
  WhyText(const Terminal& terminal, const WhyReport& report)
      : terminal_(terminal), report_(report) {}

  std::string make() {
    const std::string name = printable(report_.name);
    text_ = fmt::format("{} {} is {}",
                        terminal_.paint(state_colour(report_.state), symbol_of(report_.state)),
                        terminal_.paint(Colour::bold, name), printable(report_.state));
    text_ += report_.reasons.empty() ? ": nothing is wrong\n" : "\n";
    for (std::size_t i = 0; i < report_.reasons.size(); ++i) {
      add_link(report_.reasons[i]);
      const bool ends = i + 1 == report_.reasons.size() || report_.reasons[i + 1].depth == 0;
      if (ends) add_root(report_.reasons[i]);
    }
    return text_;
  }

 private:
  void add_link(const WhyReason& reason) {
    if (reason.depth == 0) above_ = report_.name;
    const auto indent = static_cast<std::size_t>(4 + 2 * std::clamp(reason.depth, 0, kDeepest));
    text_ += wrapped(terminal_, "", indent, words_of(printable(sentence(reason, above_))));
    above_ = reason.service;
  }

  /// The service at fault, unless that is the one asked about: its own reasons say what to do.
  void add_root(const WhyReason& last) {
    if (last.service == report_.name || last.kind == "stopping") return;
    const std::string at_fault = printable(fmt::format("{}: {}", last.service, advice(last)));
    std::vector<BlockWord> words = words_of("root cause " + at_fault);
    words[0].colour = words[1].colour = words[2].colour = Colour::bold;
    text_ += wrapped(terminal_, "", 4, words);
  }

  const Terminal& terminal_;
  const WhyReport& report_;
  std::string above_;
  std::string text_;
};

}  // namespace

int run_why(VerbContext& context) {
  const std::string& name = context.arguments.rest.front();
  const std::string json =
      context.client().call("service.why", JsonParams().add("name", name).text());
  if (context.json()) {
    context.print_json(json);
  } else {
    context.print(WhyText(context.terminal(), read_why(parse_json(json))).make());
  }
  return ExitStatus::done;
}

}  // namespace zinit
