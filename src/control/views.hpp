// What clients see of services, as JSON. Each object of the protocol is written in one place.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"
#include "control/methods.hpp"
#include "os/process.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// The members of *status_full* that a client wants.
struct StatusSelection {
  /// The members with these names; all if `names` is empty. Unknown names are ignored.
  explicit StatusSelection(const std::vector<std::string>& names = {});

  std::bitset<64> members;  // by their positions in the table
  bool some = false;        // not all: those that are null or empty are left out
  bool usage = false;       // one of them needs the cgroup's figures: memory, CPU time, tasks
  bool changes = false;     // changed_on_disk is among them
  bool logs = false;        // one of them counts the lines of the log
  bool triggers = false;    // one of them tells of proxies or sockets
};

/// *status_full* of one service, or an array of all. Reads the log's counts and, if they are
/// wanted, the figures of the cgroup or /proc: no lock may be held.
[[nodiscard]] std::string status_full_json(const RpcContext& context, const ServiceView& view,
                                           std::optional<bool> changed_on_disk);
[[nodiscard]] Later list_full(RpcContext& context, const StatusSelection& selection);

/// What has outlived the main process, the first by pid. Reads /proc.
[[nodiscard]] std::vector<ProcessStat> left_of(const ServiceView& view);

/// The result of service.status.
[[nodiscard]] std::string status_json(const ServiceView& view);

/// A reason as an object with its `type`; null for none.
void put_reason(JsonWriter& writer, const Reason& reason);

/// The template that it is an instance of, or the service whose connection it has; empty: neither.
[[nodiscard]] const std::string& instance_of(const ServiceSpec& spec);

/// The members of a log line, without `service` if that is empty.
void put_log_line(JsonWriter& writer, const LogLine& line, std::string_view service = {});

/// The members of an event; and the same without braces: notifications put `subscription` before
/// them.
void put_event(JsonWriter& writer, const StateEvent& event);
[[nodiscard]] std::string event_members(const StateEvent& event);

/// The tree of dependencies of `root` (of dependents with `reverse`), nested. A service that occurs
/// again is marked `repeated` and has no children there, so that the answer grows with the number
/// of edges, not of paths.
/// @param root  kNoSlot: an array of the trees of all services without dependents (with `reverse`,
///              without dependencies).
[[nodiscard]] std::string tree_json(const Board& board, Slot root, bool reverse);

}  // namespace zinit
