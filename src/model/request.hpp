// What an operator's request, boot, a shutdown or a reload does to wishes and tries, all of it
// under one lock. Pure; each request returns the slots whose records it changed, for the waking.
#pragma once

#include <string>
#include <vector>

#include "model/plan.hpp"
#include "model/world.hpp"

namespace zinit {

using Slots = std::vector<Slot>;

/// `start`: one more try of `slot`; what it requires and wants comes up with it, what conflicts
/// goes down.
Slots request_start(World& world, Slot slot);
/// `stop`: the wish of `slot`, and of all that requires it, goes down.
Slots request_stop(World& world, Slot slot);
/// `restart`: one stop is owed by `slot` and all that requires it; of what is not running: as
/// start.
Slots request_restart(World& world, Slot slot);
/// Boot and start-all: each of `slots` is pulled up with what it requires and wants; no rank, no
/// conflict stopped.
Slots request_pull(World& world, const Slots& slots);
/// What an isolate has changed: what it brings up, and what it takes down.
struct Isolation {
  Slots started, stopped;
  Slots changed;  // all records
};
/// `isolate`: `target` is started as by request_start(), and every other service of class user goes
/// down, but for what it pulls in and what a service of class system stands on.
Isolation request_isolate(World& world, Slot target);
/// What a request about all services of class user comes to.
struct Bulk {
  struct PassedOver {
    Slot slot;
    std::string reason;
  };
  Slots done;                       // that it is about
  std::vector<PassedOver> skipped;  // that it is not about, and why
  std::vector<PassedOver> failed;   // that it cannot be carried out for
};
/// `start-all`: all are pulled up that are not satisfied and whose status is not "ignore".
Bulk request_start_all(World& world);
/// `stop-all`: all go down but those that a service of class system, if it is not down itself,
/// requires, transitively.
Bulk request_stop_all(World& world);
/// `delete-all`: those that nothing of class system requires, transitively, and not the command
/// that zinit was given. Changes nothing.
Bulk choose_delete_all(const Graph& graph);
/// Every wish down, nothing starts any more.
Slots request_shutdown(World& world);

/// Puts the plan's graph in place of the world's: new records are made, changed services owe a
/// stop, removed ones go down, what is newly needed is pulled in. Records of slots that left the
/// graph are cleared. `start_added`: added services with status `start`, and those that were
/// broken, are pulled up; otherwise (a target was booted, and nothing else) only those that
/// something with the wish up requires or wants. Every service may have something to do then.
void apply_plan(World& world, const Plan& plan, bool start_added);

/// The first state of a service that is new in the graph: inactive, or failed{config_error}.
Record initial_record(const Node& node);

}  // namespace zinit
