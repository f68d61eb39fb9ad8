// What the board tells about a service: a copy, taken under its lock. Status, lists and the dump of
// the graph are made from it.
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

/// A dependency of a service that another service's file adds.
struct AddedView {
  std::string_view kind;  // requires, after or wants
  std::string name, file;
};

struct ServiceView {
  Slot slot = kNoSlot;
  SpecPtr spec;
  Record record;
  bool removed = false;                  // its file is gone; it leaves the graph once it is down
  bool settled = false;                  // behaviour.md, "States"
  bool failed_for_good = false;          // see view.cpp: critical, or with on_failure
  std::string_view summary = "stopped";  // the word for dashboards: model/why.hpp's summary()

  pid_t pid = 0;                   // of its process, which may be of pre_exec or post_exec; 0: none
  pid_t main_pid = 0;              // of the main process
  std::vector<pid_t> held;         // what a oneshot without a cgroup has left
  std::string cgroup;              // its path, while the service has processes; empty: none
  std::int64_t since_us = 0;       // wall time of entering the state; 0: never
  std::int64_t last_start_us = 0;  // of the last spawn
  std::int64_t last_ready_us = 0;
  std::int64_t last_stop_us = 0;    // of the last end
  std::int64_t uptime_ms = 0;       // while there is a process (a target: while running)
  std::string killer;               // why its last process was killed; empty: not known
  std::string status_text;          // what the main process says of itself
  std::uint64_t restart_count = 0;  // re-spawns since it was loaded
  std::int64_t restart_in_ms = -1;  // until a delayed re-spawn; -1: none is delayed

  std::vector<ConditionResult> conditions;  // as they stood when it was to start last
  std::string condition_under_way;          // the command that is asked; empty: none is
  std::vector<AddedView> added;
  std::vector<std::string> required_by, bound_by;  // each dependent is in one of them
  std::vector<Waiting> waiting_on;                 // while blocked
  std::vector<std::string> conflicts_with;         // while blocked by a conflict
  std::vector<std::string> warnings;  // about its file, its dependencies and its resources
};

/// The warnings about a service's file and its dependencies.
[[nodiscard]] std::vector<std::string> warnings_of(const Graph& graph, const Node& node);

/// The names of what a reload has read, by what happens to them.
struct ReloadedNames {
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  std::vector<std::string> unchanged;
  std::vector<std::string> failed;  // their file is refused
};

/// What a reload makes of proxies. Those of `failed` stay as they were: their file is refused, or
/// one of its addresses is in use.
struct ProxyReport : ReloadedNames {
  std::vector<std::string> messages;  // what is wrong with those of `failed`
};

/// What a reload makes of services, and of proxies. Services of `failed` that are new are
/// failed{config_error}, loaded ones keep their old config.
struct ReloadReport : ReloadedNames {
  std::vector<std::string> restarted;  // whose process is (or, in a dry run, would be) restarted
  std::vector<std::string> stopped;    // because they lose something that they require
  std::vector<std::string> waiting;    // changed, and wait for a restart that is not to be
  std::vector<std::string> settings;   // the keys of zinit.toml that have changed
  std::vector<std::string> failed_before;  // those of `failed` whose files have not changed
  // Why each of `restarted`, `stopped` and `waiting` is there: the changed keys, or "requires
  // NAME".
  std::map<std::string, std::vector<std::string>> why;
  // What is wrong with the files of `failed`, by service, or by path for zinit.toml; what a reload
  // is to warn of in others.
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
