// What clients see of services, as JSON: each object of the protocol is written in one place.
#pragma once

#include <string>
#include <string_view>

#include "control/json_writer.hpp"
#include "control/methods.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// *status_full*. Reads the log's counts and, of a service with a process, /proc: no lock held.
void put_status_full(JsonWriter& writer, const ServiceView& view, LogStore& logs);

/// Its JSON Schema, of the same table.
[[nodiscard]] std::string status_full_schema();

/// service.status.
void put_status(JsonWriter& writer, const ServiceView& view);

/// A reason as an object with its `type`; null for none.
void put_reason(JsonWriter& writer, const Reason& reason);

/// The members of an event but `subscription`, without braces: notifications put that before them.
[[nodiscard]] std::string event_members(const StateEvent& event);

[[nodiscard]] std::string why_json(const WhyReport& report);
[[nodiscard]] std::string reload_json(const ReloadReport& report);

/// The dependency tree below `root` (above it with `reverse`), nested; a service that was there
/// before is marked `repeated` and goes without its children, so that the answer grows with the
/// edges, not the paths.
/// @param root  kNoSlot: an array of the trees of all that nothing depends on (depends on nothing).
[[nodiscard]] std::string tree_json(const Board& board, Slot root, bool reverse);

}  // namespace zinit
