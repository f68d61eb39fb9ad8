// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// events.*: past and future changes of state.
#include <algorithm>
#include <unordered_set>

#include "control/answers.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

using protocol::Shapes;

/// The services that a call names, without duplicates: a request has room for 100,000 times the
/// same name.
/// @param past  names that are valid although the board does not have them
/// @return  the first unknown name as the error
tl::expected<std::unordered_set<std::string>, std::string> named(
    const Call& call, const std::unordered_set<std::string_view>& past) {
  std::unordered_set<std::string> names;
  for (const std::string& name : call.params.strings("names")) {
    if (names.contains(name)) continue;
    if (!past.contains(name) && call.context.board.find(name) == kNoSlot)
      return tl::make_unexpected(name);
    names.insert(name);
  }
  return names;
}

Outcome events_get(Call& call) {
  const auto lines = static_cast<std::size_t>(*call.params.count("lines"));
  std::vector<StateEvent> events = call.context.board.events_after(0).events;
  // A removed service may still have events in the list.
  std::unordered_set<std::string_view> past;
  for (const StateEvent& event : events) past.insert(event.service);
  const auto names = named(call, past);
  if (!names) return service_not_found(call.context, names.error());
  if (!names->empty())
    std::erase_if(events, [&](const StateEvent& event) { return !names->contains(event.service); });
  JsonWriter writer;
  writer.begin_array();
  for (std::size_t i = events.size() - std::min(events.size(), lines); i < events.size(); ++i) {
    put_event(writer.begin_object(), events[i]);
    writer.end_object();
  }
  return writer.end_array().take();
}

Outcome events_subscribe(Call& call) {
  const auto names = named(call, {});
  if (!names) return service_not_found(call.context, names.error());
  return subscribed(
      call.subscriber.subscribe(std::vector<std::string>(names->begin(), names->end())));
}

Outcome events_unsubscribe(Call& call) {
  return unsubscribed(call, call.subscriber.unsubscribe(subscription_of(call)));
}

// --- the rows ---

constexpr Param kWhose{
    "names", ParamType::strings, false, {}, "services whose events are wanted; none: all"};
constexpr Param kEventsGet[] = {kWhose, kLines};
constexpr Param kEventsSubscribe[] = {kWhose};

// clang-format off
constexpr Method kEventMethods[] = {
    {"events.get",              {}, kEventsGet,       Right::read, events_get,
     "Returns the last changes of state; 1,000 are kept", Shapes::list<protocol::StateEvent>},
    {"events.subscribe",        {}, kEventsSubscribe, Right::read, events_subscribe,
     "Subscribes to changes of state; each comes as a notification events.state",
     Shapes::subscription},
    {"events.unsubscribe",      {}, kUnsubscribe,     Right::read, events_unsubscribe,
     "Ends a subscription to events", Shapes::ok},
};
// clang-format on

}  // namespace

std::span<const Method> event_methods() noexcept { return kEventMethods; }

}  // namespace zinit
