// events.*: past and future changes of state.
#include <algorithm>

#include "control/answers.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

Outcome events_get(Call& call) {
  const std::vector<std::string> names = call.params.strings("names");
  const auto lines = static_cast<std::size_t>(*call.params.count("lines"));
  std::vector<StateEvent> events = call.context.board.events_after(0).events;
  for (const std::string& name : names) {
    // A service that has been removed may still have events in the list.
    const bool known =
        call.context.board.find(name) != kNoSlot ||
        std::ranges::any_of(events, [&](const StateEvent& event) { return event.service == name; });
    if (!known) return service_not_found(call.context.board, name);
  }
  if (!names.empty()) {
    std::erase_if(events, [&](const StateEvent& event) {
      return std::find(names.begin(), names.end(), event.service) == names.end();
    });
  }
  JsonWriter writer;
  writer.begin_array();
  for (std::size_t i = events.size() - std::min(events.size(), lines); i < events.size(); ++i)
    writer.put_raw("{" + event_members(events[i]) + "}");
  return writer.end_array().take();
}

Outcome events_subscribe(Call& call) {
  std::vector<std::string> names = call.params.strings("names");
  const Board& board = call.context.board;
  for (const std::string& name : names)
    if (board.find(name) == kNoSlot) return service_not_found(board, name);
  return subscribed(call.subscriber.subscribe(std::move(names)));
}

Outcome events_unsubscribe(Call& call) {
  return unsubscribed(call, call.subscriber.unsubscribe(subscription_of(call)));
}

// --- the rows ---

constexpr Param kWhose{"names", ParamType::strings, false, {}, "of these services; none: of all"};
constexpr Param kEventsGet[] = {kWhose, kLines};
constexpr Param kEventsSubscribe[] = {kWhose};
constexpr std::string_view kEvents =
    R"({"type":"array","items":{"$ref":"#/components/schemas/event"}})";

// clang-format off
constexpr Method kEventMethods[] = {
    {"events.get",              {}, kEventsGet,       Right::read, events_get,
     "The last changes of state, of 1,000 kept", kEvents},
    {"events.subscribe",        {}, kEventsSubscribe, Right::read, events_subscribe,
     "From now on tells changes of state as notifications events.state", kSubscription},
    {"events.unsubscribe",      {}, kUnsubscribe,     Right::read, events_unsubscribe,
     "Ends that", kOk},
};
// clang-format on

}  // namespace

std::span<const Method> event_methods() noexcept { return kEventMethods; }

}  // namespace zinit
