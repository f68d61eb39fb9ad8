// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl why: prints the chain of reasons in sentences, down to the service at fault, and what to
// do next.
#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/reports.hpp"
#include "client/text_block.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// Deeper links of the chain are not indented further.
constexpr int kDeepest = 12;

/// A verb for the dependency, such as "requires"; empty if the reason is not a dependency.
std::string_view verb_of_edge(std::string_view kind) {
  if (kind == "requires" || kind == "missing") return "requires";
  if (kind == "binds_to") return "is bound to";
  if (kind == "after") return "starts after";
  if (kind == "conflicts") return "conflicts with";
  if (kind == "required_by") return "waits for";
  return {};
}

/// One link of the chain as a sentence. It is the reason of the service `above`. `goes_on` means
/// that the next link explains this one.
std::string sentence(const WhyReason& reason, const std::string& above, bool goes_on) {
  const std::string_view edge = verb_of_edge(reason.kind);
  if (edge.empty()) {
    const std::string subject = reason.kind == "warning"  ? "warning: "
                                : reason.service == above ? ""
                                                          : reason.service + " ";
    return subject + (reason.kind == "warning" ? warning_words(reason.detail) : reason.detail);
  }
  const bool exists = reason.code != "missing";
  // The next link also says why this link's dependency failed.
  const bool told_next = goes_on && reason.code == "dependency_failed";
  return fmt::format("{} {} {}, {} {}", above, edge, reason.service, exists ? "which" : "but",
                     told_next ? "failed" : reason.detail);
}

/// What to do about a service that has failed.
std::string advice_for_failed(const WhyReason& root) {
  if (root.code == "config_error") return "correct its file, then `zinitctl reload`";
  if (root.code == "stop_timeout") return "nothing is started for it until its process is gone";
  if (root.code == "spawn_error")
    return fmt::format("correct its file and `zinitctl reload`, or `zinitctl start {}`",
                       root.service);
  return fmt::format("see `zinitctl logs {0}`, then `zinitctl start {0}`", root.service);
}

/// What to do about the service at the end of a chain.
std::string advice(const WhyReason& root) {
  if (root.code == "masked")
    return fmt::format("`zinitctl unmask {}`, then `zinitctl reload`", root.masked_as);
  if (root.code == "missing") return "add a service of that name, or remove it from `requires`";
  if (root.code == "re-spawn")
    return fmt::format("it ends again and again; see `zinitctl logs {}`", root.service);
  if (root.state == "failed")
    return advice_for_failed(root) + "; its dependents then start automatically";
  // A oneshot that is done may hold something: then it conflicts like a running service.
  // A service that is required, runs and holds another one back is about to restart or to stop.
  const bool required = root.kind == "requires" || root.kind == "binds_to";
  if ((root.state == "running" && !required) ||
      (root.state == "exited" && root.kind == "conflicts"))
    return fmt::format("`zinitctl stop {}`, or leave things as they are", root.service);
  if (root.state == "inactive" || root.state == "exited")
    return fmt::format("`zinitctl start {}`", root.service);
  return "it is under way; nothing needs to be done yet";
}

/// Advice about the service at the end of a chain; empty if its link already says what to do.
std::string root_cause(const Terminal& terminal, const WhyReport& report, const WhyReason& last) {
  if (last.service == report.name || last.kind == "stopping" || last.kind == "stopped_with")
    return {};
  if (last.kind == "missing" && last.depth == 0) return {};
  std::vector<BlockWord> words =
      words_of(printable(fmt::format("root cause {}: {}", last.service, advice(last))));
  words[0].colour = words[1].colour = words[2].colour = Colour::bold;
  return wrapped(terminal, 4, 4, words);
}

/// "is blocked", "failed"; "stopped" if a request, for it or for another service, has ended it.
std::string phrase_of(const WhyReport& report) {
  const bool stopped =
      report.state == "exited" && !report.reasons.empty() &&
      (report.reasons.front().code == "stopped_with" || report.reasons.front().code == "stopped");
  return stopped ? "stopped" : state_phrase(report.state);
}

std::string first_line(const Terminal& terminal, const WhyReport& report) {
  return fmt::format("{} {} {}{}\n",
                     terminal.paint(state_colour(report.state), symbol_of(report.state)),
                     terminal.paint(Colour::bold, printable(report.name)), phrase_of(report),
                     report.reasons.empty() ? ": nothing is wrong" : "");
}

}  // namespace

std::string why_text(const Terminal& terminal, const WhyReport& report) {
  std::string text = first_line(terminal, report);
  std::string above;  // the service whose reason is next
  for (std::size_t i = 0; i < report.reasons.size(); ++i) {
    const WhyReason& reason = report.reasons[i];
    const bool ends = i + 1 == report.reasons.size() || report.reasons[i + 1].depth == 0;
    if (reason.depth == 0) above = report.name;
    const auto indent = static_cast<std::size_t>(4 + 2 * std::clamp(reason.depth, 0, kDeepest));
    text += wrapped(terminal, indent, indent, words_of(printable(sentence(reason, above, !ends))));
    above = reason.service;
    // The last line of a process's output comes behind the link that it explains.
    const bool is_output = reason.kind == "output" && i > 0;
    if (ends) text += root_cause(terminal, report, is_output ? report.reasons[i - 1] : reason);
  }
  return text;
}

std::string brief_why_text(const Terminal& terminal, const WhyReport& report) {
  std::string text = first_line(terminal, report);
  for (const WhyReason& reason : report.reasons) {
    std::string words = sentence(reason, report.name, false);
    if (reason.root_cause != reason.service) words += "; the root cause is " + reason.root_cause;
    text += wrapped(terminal, 4, 4, words_of(printable(words)));
  }
  return text;
}

int run_why(VerbContext& context) {
  return context.for_each_name([&](const std::string& name) {
    const std::string json = context.client().call("service.why", named(name).text());
    return context.print_result(json, why_text(context.terminal(), parse_as<WhyReport>(json)));
  });
}

}  // namespace zinit
