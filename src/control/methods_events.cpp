// events.*: changes of state, those kept and those to come.
#include <algorithm>

#include "base/format.hpp"
#include "control/answers.hpp"
#include "control/handlers.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

/// Names of services; the first that there is none of is an error.
std::optional<RpcError> unknown_name(const Board& board, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (board.find(name) == kNoSlot) return service_not_found(board, name);
  return std::nullopt;
}

}  // namespace

Outcome events_get(Call& call) {
  const std::vector<std::string> names = call.params.strings("names");
  const auto lines = static_cast<std::size_t>(*call.params.count("lines"));
  std::vector<StateEvent> events = call.context.board.events_after(0).events;
  for (const std::string& name : names) {
    // One that is gone may have left some.
    const bool known = call.context.board.find(name) != kNoSlot ||
                       std::ranges::any_of(events, [&](const StateEvent& event) {
                         return event.service == name;
                       });
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
  if (auto error = unknown_name(call.context.board, names)) return *std::move(error);
  const auto subscription = call.subscriber.subscribe(std::move(names));
  if (!subscription) {
    return RpcError(RpcCode::invalid_state, "this connection has too many subscriptions")
        .hint("one subscription may be for many services");
  }
  JsonWriter writer;
  return writer.begin_object().member("subscription", *subscription).end_object().take();
}

Outcome events_unsubscribe(Call& call) {
  const auto subscription = static_cast<std::uint64_t>(*call.params.count("subscription"));
  if (call.subscriber.unsubscribe(subscription)) return ok_json();
  return RpcError(RpcCode::invalid_state,
                  fmt::format("this connection has no subscription {}", subscription));
}

}  // namespace zinit
