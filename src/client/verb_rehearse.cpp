// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl rehearse: what a request, a failure or a boot would do, by the server's simulation.
#include <map>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/reports.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

std::string change_line(const Terminal& terminal, const RehearsedChange& change) {
  const std::string after = "+" + duration_text(change.after_ms);
  std::string line = fmt::format("{:>12}  {} {}: {} -> {}", after,
                                 terminal.paint(state_colour(change.to), symbol_of(change.to)),
                                 printable(change.service), printable(change.from),
                                 terminal.paint(state_colour(change.to), printable(change.to)));
  if (change.reason) line += ": " + reason_words(*change.reason);
  return line + "\n";
}

std::string text_of(const Terminal& terminal, const Rehearsal& rehearsal) {
  if (rehearsal.changes.empty()) return "nothing would change\n";
  std::string text;
  for (const RehearsedChange& change : rehearsal.changes) text += change_line(terminal, change);
  if (rehearsal.cut) text += "the rest is left out\n";
  for (const std::string& name : rehearsal.repeating)
    text += fmt::format("and so on: {} is started again each time\n", printable(name));
  text += "in the end:\n";
  std::map<std::string, std::string> well;  // names by state
  for (const WhyReport& report : rehearsal.outcome) {
    if (!report.reasons.empty()) continue;
    std::string& names = well[report.state];
    names += (names.empty() ? "" : ", ") + printable(report.name);
  }
  for (const auto& [state, names] : well)
    text += fmt::format("{} {}: {}\n", terminal.paint(state_colour(state), symbol_of(state)),
                        printable(state), names);
  for (const WhyReport& report : rehearsal.outcome)
    if (!report.reasons.empty()) text += brief_why_text(terminal, report);
  return text + "This was a simulation. Nothing has been changed.\n";
}

}  // namespace

int run_rehearse(VerbContext& context) {
  const std::string request = context.arguments.rest.front();
  context.arguments.rest.erase(context.arguments.rest.begin());
  const std::vector<std::string> names = context.names();
  const JsonParams params =
      std::move(JsonParams()
                    .add("request", request)
                    .add_given("names", names)
                    .add_given("failing", context.arguments.values("failing")));
  const std::string json = context.client().call("system.rehearse", params.text());
  return context.print_result(json, text_of(context.terminal(), parse_as<Rehearsal>(json)));
}

}  // namespace zinit
