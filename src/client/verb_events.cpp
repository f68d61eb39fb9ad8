// zinitctl events: changes of state, those that are kept and those to come.
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

/// An event as JSON without the number of the subscription, which means nothing to anybody else.
std::string event_json(JsonDocument event) {
  if (event.IsObject()) event.RemoveMember("subscription");
  return json_text(event);
}

class EventFeed {
 public:
  EventFeed(VerbContext& context, std::vector<std::string> names) : context_(context) {
    if (!names.empty()) names_.add("names", names);
  }

  /// Those that are kept, one line each.
  void print_kept() {
    const std::string json = context_.client().call("events.get", names_.text());
    JsonDocument events = parse_json(json);
    json_expect_array(events, "events");
    for (const JsonValue& event : events.GetArray()) print(parse_json(json_text(event)));
  }

  void subscribe() {
    context_.client().subscribe("events.subscribe", names_.text(),
                                [this](std::string_view, const std::string& params) {
                                  JsonDocument event = parse_json(params);
                                  // Between subscribing and getting those kept it may have come
                                  // twice.
                                  const std::uint64_t seq = json_count(event, "seq");
                                  if (seq == 0 || seq > last_seq_) print(std::move(event));
                                });
  }

  /// Until --timeout, or for ever.
  void follow() {
    context_.flush();
    while (context_.client().dispatch(context_.time_left())) context_.flush();
  }

 private:
  void print(JsonDocument event) {
    const StateEvent read = read_event(event);
    if (read.seq > 0) last_seq_ = read.seq;
    if (context_.json()) {
      context_.print_json(event_json(std::move(event)));
    } else {
      context_.print(event_line(context_.terminal(), read));
    }
  }

  VerbContext& context_;
  JsonParams names_;
  std::uint64_t last_seq_ = 0;
};

}  // namespace

int run_events(VerbContext& context) {
  const bool follow = context.arguments.has("follow");
  EventFeed feed(context, context.names());
  if (follow) feed.subscribe();
  feed.print_kept();
  if (!follow) return ExitStatus::done;
  feed.follow();
  throw VerbFailure{ExitStatus::timeout, "events", "the time is up"};
}

}  // namespace zinit
