// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl events: prints the last changes of state, and with --follow the next ones.
#include <algorithm>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

std::string event_line(const Terminal& terminal, const StateEvent& event) {
  if (event.dropped > 0)
    return fmt::format("{} changes of state were missed here\n", event.dropped);
  std::string text = fmt::format(
      "{} {} {}: {} -> {}", terminal.paint(Colour::dim, time_of_day(event.time_us)),
      terminal.paint(state_colour(event.to), symbol_of(event.to)), printable(event.service),
      printable(event.from), terminal.paint(state_colour(event.to), printable(event.to)));
  if (event.pid) text += fmt::format(", pid {}", *event.pid);
  if (event.reason) text += ": " + reason_words(*event.reason);
  return text + "\n";
}

// The number that a server keeps.
constexpr std::int64_t kAllEvents = 1000;

class EventPrinter {
 public:
  explicit EventPrinter(VerbContext& context)
      : context_(context),
        names_(context.names()),
        lines_(given_lines(context.arguments, kAllEvents)) {}

  /// Prints the last changes that the server keeps; again, only those since the last printed one.
  void print_kept() {
    JsonParams params = of_names();
    if (printed_kept_)
      params.add("lines", kAllEvents);
    else if (lines_)
      params.add("lines", *lines_);
    JsonDocument kept = parse_json(context_.client().call("events.get", params.text()));
    json_expect_array(kept, "events");
    // The changes of all services share one sequence of numbers. A server that has executed itself
    // again may have lost the ones just before.
    gap_possible_ = printed_kept_ && names_.empty();
    printed_kept_ = true;
    for (JsonValue& event : kept.GetArray()) print(event);
  }

  /// Prints the same and then changes as they happen, until --timeout or for ever.
  void follow() {
    context_.client().subscribe("events.subscribe", of_names().text(),
                                [this](std::string_view, const std::string& text) {
                                  JsonDocument event = parse_json(text);
                                  print(event);
                                });
    print_kept();
    context_.follow();
  }

 private:
  [[nodiscard]] JsonParams of_names() const {
    return std::move(JsonParams().add_given("names", names_));
  }

  void print(JsonValue& event) {
    const StateEvent read = read_as<StateEvent>(event);
    // A change after the subscription may come twice: as a notification, and among the events that
    // the server keeps.
    if (read.seq > 0 && read.seq <= last_seq_) return;
    if (std::exchange(gap_possible_, false) && read.seq > last_seq_ + 1) {
      const std::uint64_t missed = read.seq - last_seq_ - 1;
      JsonDocument gap = parse_json(JsonParams().add("dropped", std::int64_t(missed)).text());
      print(gap);
    }
    last_seq_ = std::max(last_seq_, read.seq);
    event.RemoveMember("subscription");
    context_.print_result(json_text(event), event_line(context_.terminal(), read));
  }

  VerbContext& context_;
  const std::vector<std::string> names_;
  const std::optional<std::int64_t> lines_;  // how many to begin with
  std::uint64_t last_seq_ = 0;
  bool printed_kept_ = false;
  bool gap_possible_ = false;  // before the next printed event
};

}  // namespace

int run_events(VerbContext& context) {
  EventPrinter printer(context);
  if (context.arguments.has("follow"))
    context.follow([&] { printer.follow(); });
  else
    context.over_reexecutions([&] { printer.print_kept(); });
  return ExitStatus::done;
}

}  // namespace zinit
