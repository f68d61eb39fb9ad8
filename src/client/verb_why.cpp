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

/// One link as a sentence; `above` is whose reason it is, `goes_on` that its own reason is the
/// next.
std::string sentence(const WhyReason& reason, const std::string& above, bool goes_on) {
  const std::string_view edge = verb_of_edge(reason.kind);
  if (edge.empty()) {
    const std::string subject = reason.kind == "warning"  ? "warning: "
                                : reason.service == above ? ""
                                                          : reason.service + " ";
    return subject + reason.detail;
  }
  const bool exists = !reason.detail.starts_with("no ");
  // "failed: requires db, which failed" is what the next link says in full.
  const bool told_next = goes_on && reason.detail.starts_with("failed: requires ");
  return fmt::format("{} {} {}, {} {}", above, edge, reason.service, exists ? "which" : "but",
                     told_next ? "failed" : reason.detail);
}

/// What to do about one that has failed, by the words that say how.
std::string advice_for_failed(const WhyReason& root) {
  const std::string& name = root.service;
  if (root.detail.find(": error: ") != std::string::npos)
    return "correct its file, then `zinitctl reload`";
  if (root.detail.find("cannot be killed") != std::string::npos)
    return "nothing is started for it until its process is gone";
  if (root.detail.starts_with("failed: cannot "))
    return fmt::format("correct its file and `zinitctl reload`, or `zinitctl start {}`", name);
  return fmt::format("see `zinitctl logs {0}`, then `zinitctl start {0}`", name);
}

/// What to do about the service at the end of a chain.
std::string advice(const WhyReason& root) {
  const std::string& name = root.service;
  if (root.detail.starts_with("is masked")) {
    return fmt::format("`zinitctl unmask {}`, then `zinitctl reload`", name);
  }
  if (root.kind == "missing" || root.detail.starts_with("no ")) {
    return "add a service of that name, or take it out of `requires`";
  }
  if (root.state == "failed")
    return advice_for_failed(root) + "; what waits for it follows by itself";
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
    text_ = fmt::format(
        "{} {} {}", terminal_.paint(state_colour(report_.state), symbol_of(report_.state)),
        terminal_.paint(Colour::bold, printable(report_.name)), state_phrase(report_.state));
    text_ += report_.reasons.empty() ? ": nothing is wrong\n" : "\n";
    for (std::size_t i = 0; i < report_.reasons.size(); ++i) {
      const bool ends = i + 1 == report_.reasons.size() || report_.reasons[i + 1].depth == 0;
      add_link(report_.reasons[i], !ends);
      if (ends) add_root(report_.reasons[i]);
    }
    return text_;
  }

 private:
  void add_link(const WhyReason& reason, bool goes_on) {
    if (reason.depth == 0) above_ = report_.name;
    const auto indent = static_cast<std::size_t>(4 + 2 * std::clamp(reason.depth, 0, kDeepest));
    const std::string text = printable(sentence(reason, above_, goes_on));
    text_ += wrapped(terminal_, indent, indent, words_of(text));
    above_ = reason.service;
  }

  /// The service at fault, unless the last link says what to do already.
  void add_root(const WhyReason& last) {
    if (last.service == report_.name || last.kind == "stopping") return;
    if (last.kind == "missing" && last.depth == 0) return;
    const std::string at_fault = printable(fmt::format("{}: {}", last.service, advice(last)));
    std::vector<BlockWord> words = words_of("root cause " + at_fault);
    words[0].colour = words[1].colour = words[2].colour = Colour::bold;
    text_ += wrapped(terminal_, 4, 4, words);
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
