// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The board's information about a service: a copy, taken under its lock. Status, lists and the dump
// of the graph are made from it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/graph.hpp"
#include "model/record.hpp"
#include "model/why.hpp"

namespace zinit {

/// A dependency that another service's file adds to a service.
struct AddedView {
  std::string_view kind;  // requires, after or wants
  std::string name, file;
};

struct ServiceView {
  Slot slot = kNoSlot;
  SpecPtr spec;
  Record record;
  bool removed = false;                  // its file is gone; it leaves the graph once down
  bool settled = false;                  // behaviour.md, "States"
  bool failed_for_good = false;          // see view.cpp: critical, or with on_failure
  std::string_view summary = "stopped";  // the word for dashboards: model/why.hpp's summary()

  pid_t pid = 0;                      // its process, perhaps of pre_exec or post_exec; 0: none
  pid_t main_pid = 0;                 // the main process
  std::vector<pid_t> held;            // processes left without a cgroup
  std::string cgroup;                 // its path, while the service has processes; empty: none
  std::int64_t since_us = 0;          // wall time of entering the state; 0: never
  std::int64_t last_start_us = 0;     // of the last spawn
  std::int64_t earlier_start_us = 0;  // of the process before that; 0: unknown
  TimePoint started{};                // the same on the monotonic clock; the epoch: never
  std::int64_t last_ready_us = 0;
  std::int64_t last_stop_us = 0;    // of the last end
  std::int64_t uptime_ms = 0;       // while it has a process (a target: while running)
  std::string killer;               // why its last process was killed; empty: unknown
  std::string ended_for;            // the fault of its own for which zinit ended it; empty: none
  std::string status_text;          // what the main process says about itself
  std::uint64_t restart_count = 0;  // re-spawns since it was loaded
  std::int64_t restart_in_ms = -1;  // until a delayed re-spawn; -1: none is delayed

  std::vector<ConditionResult> conditions;  // results at its last start
  std::string condition_under_way;          // the command that runs; empty: none
  std::vector<AddedView> added;
  std::vector<std::string> required_by, bound_by;  // each dependent is in one of the two
  std::vector<Waiting> waiting_on;                 // while blocked
  std::vector<std::string> conflicts_with;         // while blocked by a conflict
  std::vector<std::string> warnings;        // about its file, its dependencies and its resources
  std::vector<std::string> without_effect;  // those about its resources
};

/// The warnings about a service's file and its dependencies.
[[nodiscard]] std::vector<std::string> warnings_of(const Graph& graph, const Node& node);

/// The names that a reload has read, by their outcome.
struct ReloadedNames {
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  std::vector<std::string> unchanged;
  std::vector<std::string> failed;  // their file is refused
};

/// The effects of a reload on proxies. A proxy in `failed` stays as it was, because its file is
/// refused or one of its addresses is in use.
struct ProxyReport : ReloadedNames {
  std::vector<std::string> messages;  // the faults of those in `failed`
};

/// The effects of a reload on services and proxies. In `failed`, a new service is
/// failed{config_error}, and a loaded one keeps its old config.
struct ReloadReport : ReloadedNames {
  std::vector<std::string> restarted;      // restarted; in a dry run: would be restarted
  std::vector<std::string> stopped;        // because they lose a required service
  std::vector<std::string> waiting;        // changed, but not restarted, on request
  std::vector<std::string> settings;       // the changed keys of zinit.toml
  std::vector<std::string> failed_before;  // those in `failed` whose files have not changed
  // Why each name is in `restarted`, `stopped` or `waiting`: the changed keys, or "requires NAME".
  std::map<std::string, std::vector<std::string>> why;
  // The faults of files in `failed`, by service, or by path for zinit.toml. `warnings` are about
  // other files.
  std::map<std::string, std::vector<std::string>> faults;
  std::vector<std::string> warnings;
  ProxyReport proxies;
};

/// One change of state.
struct StateEvent {
  std::uint64_t seq = 0;
  std::int64_t time_us = 0;  // wall time
  std::string service;
  State from = State::inactive;
  State to = State::inactive;
  OrDefault<Reason> reason;
  pid_t pid = 0;
};

}  // namespace zinit
