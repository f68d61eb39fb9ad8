// What clients see of services, as JSON: each object of the protocol is written in one place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/json_writer.hpp"
#include "control/methods.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// Members of a *status_full* that are wanted.
class StatusSelection {
 public:
  /// Those that are called so; all of them where none is named. Names of no member are passed over.
  explicit StatusSelection(const std::vector<std::string>& names = {});

  [[nodiscard]] bool has(std::size_t member) const { return (members_ >> member & 1) != 0; }
  /// Whether one of them says what the service's processes use.
  [[nodiscard]] bool has_usage() const { return usage_; }

 private:
  std::uint64_t members_ = 0;  // a bit each
  bool usage_ = false;
};

/// *status_full*. Reads the log's counts and, where they are wanted, the figures of the cgroup or
/// of /proc: no lock held.
void put_status_full(JsonWriter& writer, const ServiceView& view, LogStore& logs,
                     const StatusSelection& selection = StatusSelection());

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
