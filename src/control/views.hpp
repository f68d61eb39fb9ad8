// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What clients see of services, as JSON. Each object of the protocol is written in one place.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.hpp"
#include "control/methods.hpp"
#include "model/rehearsal.hpp"
#include "os/process.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// The members of *status_full* that a client wants.
struct StatusSelection {
  /// The members with these names; all if `names` is empty. Unknown names are ignored: a newer
  /// client asks for members of its own version too.
  explicit StatusSelection(const std::vector<std::string>& names = {});
  /// The names of all members.
  [[nodiscard]] static std::vector<std::string> known();

  std::bitset<64> members;  // by their positions in the table
  bool some = false;        // not all: then null and empty members are left out
  bool usage = false;       // one needs the cgroup's figures: memory, CPU time, tasks
  bool changes = false;     // one asks whether files have changed
  bool logs = false;        // one counts the lines of the log
  bool triggers = false;    // one is about proxies, sockets or timers
};

/// *status_full* of one service, or an array of all. Reads the log's counts and, if selected, the
/// figures of the cgroup or /proc. No lock may be held.
[[nodiscard]] std::string status_full_json(const RpcContext& context, const ServiceView& view,
                                           const std::optional<std::string>& changed);
[[nodiscard]] Later list_full(RpcContext& context, const StatusSelection& selection);

/// The processes that have outlived the main process, sorted by pid, up to 16. Reads /proc.
[[nodiscard]] std::vector<ProcessStat> left_of(const ServiceView& view);

/// The result of service.status.
[[nodiscard]] std::string status_json(const ServiceView& view);

/// A reason as an object with its `type`; null for none.
void put_reason(JsonWriter& writer, const Reason& reason);

/// The template of an instance, or the service whose connection it has; empty: neither.
[[nodiscard]] const std::string& instance_of(const ServiceSpec& spec);

/// The members of a log line, without `service` if that is empty.
void put_log_line(JsonWriter& writer, const LogLine& line, std::string_view service = {});

/// The members of an event; event_members() returns them without braces, because notifications put
/// `subscription` before them.
void put_event(JsonWriter& writer, const StateEvent& event);
[[nodiscard]] std::string event_members(const StateEvent& event);

/// A change of a rehearsal, as an object.
void put_rehearsed_change(JsonWriter& writer, const Rehearsal::Change& change, const Graph& graph);

/// The nested tree of dependencies of `root` (of dependents with `reverse`). A service that occurs
/// again is marked `repeated` and has no children there, so the answer grows with the number of
/// edges, not of paths.
/// @param root  kNoSlot: an array of the trees of all services without dependents (with `reverse`,
///              without dependencies).
[[nodiscard]] std::string tree_json(const Board& board, Slot root, bool reverse);

}  // namespace zinit
