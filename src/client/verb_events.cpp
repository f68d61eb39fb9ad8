// zinitctl events: prints the last changes of state, and with --follow those that come.
#include <algorithm>

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

}  // namespace

int run_events(VerbContext& context) {
  const bool follow = context.arguments.has("follow");
  const std::string params = JsonParams().add_given("names", context.names()).text();
  std::uint64_t last_seq = 0;
  const auto print = [&](JsonValue& event) {
    const StateEvent read = read_event(event);
    // What happens after we have subscribed may come twice: as a notification, and among the events
    // that the server keeps.
    if (read.seq > 0 && read.seq <= last_seq) return;
    last_seq = std::max(last_seq, read.seq);
    event.RemoveMember("subscription");
    context.print_result(json_text(event), event_line(context.terminal(), read));
  };
  if (follow) {
    context.client().subscribe("events.subscribe", params,
                               [&](std::string_view, const std::string& text) {
                                 JsonDocument event = parse_json(text);
                                 print(event);
                               });
  }
  JsonDocument kept = parse_json(context.client().call("events.get", params));
  json_expect_array(kept, "events");
  for (JsonValue& event : kept.GetArray()) print(event);
  if (!follow) return ExitStatus::done;
  context.flush();
  while (context.client().dispatch(context.time_left())) context.flush();
  throw VerbFailure{ExitStatus::timeout, "the time is up"};
}

}  // namespace zinit
