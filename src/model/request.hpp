// How a request, a boot, a shutdown or a reload changes the wishes and requests in the records. The
// functions make no system calls, and the caller holds the board's lock. The slots returned are
// those whose records have changed; the caller must wake the services affected (wake.hpp).
#pragma once

#include <string>
#include <vector>

#include "model/plan.hpp"
#include "model/world.hpp"

namespace zinit {

using Slots = std::vector<Slot>;

/// What a start, stop or restart of one service does, and to which others.
struct Requested {
  Slots changed;  // all whose records have changed
  // The others that are started, stopped, or stopped and started again with it.
  Slots started, stopped, restarted;
  // Its dependents, at any depth, that an earlier stop of it has taken down, and that a start of it
  // does not bring back.
  Slots left;
};

/// `start`: `slot` is tried once more. What it requires and wants is started with it, what
/// conflicts with any of these is stopped.
Requested request_start(World& world, Slot slot);
/// `stop`: the wish of `slot` and of all its dependents becomes down.
Requested request_stop(World& world, Slot slot);
/// `restart`: `slot` and all its dependents owe one stop. If `slot` does not run, like `start`.
Requested request_restart(World& world, Slot slot);
/// It runs, or holds something: a stop of it has something to do.
[[nodiscard]] bool stands(const World& world, Slot slot);
/// What a restart of `slot` stops when `graph` is in force: the service and its dependents at any
/// depth, as far as they stand.
[[nodiscard]] Slots stopped_by_restart(const World& world, const Graph& graph, Slot slot);
/// Boot and start-all: each of `slots` is started with what it requires and wants. Unlike with
/// `start`, none of them gains precedence in a conflict, and nothing is stopped for a conflict.
Slots request_pull(World& world, const Slots& slots);
/// What an isolate starts, and what it stops.
struct Isolation {
  Slots started, stopped;
  Slots changed;  // all whose records have changed
};
/// `isolate`: `target` is started as by request_start(), and every other service of class `user` is
/// stopped, except what the target pulls in and what a service of class `system` that is up
/// requires.
Isolation request_isolate(World& world, Slot target);
/// The result of a request about all services of class `user`.
struct Bulk {
  struct PassedOver {
    Slot slot;
    std::string reason;
  };
  Slots done;                       // those that the request was applied to
  std::vector<PassedOver> skipped;  // those that it does not apply to, and why
  std::vector<PassedOver> failed;   // those for which it failed, and why
};
/// `start-all`: starts all that are not ready, except those with status "ignore" and those that a
/// connection starts.
Bulk request_start_all(World& world);
/// `stop-all`: stops all, except those that a service of class `system` that is up requires, at any
/// depth.
Bulk request_stop_all(World& world);
/// `delete-all`: chooses the services to delete: all, except those that a service of class `system`
/// requires, at any depth, and the command that zinit was given. Changes nothing.
Bulk choose_delete_all(const Graph& graph);
/// Every wish becomes down, and nothing is started any more.
/// @param switching  a switch-root follows: what survives it keeps its wish.
Slots request_shutdown(World& world, bool switching = false);
/// The services are down: what survives may be started again, and is not stopped for what it
/// requires before settle_switch().
Slots end_switch(World& world);
/// The new root has booted: what has survived is a service like others.
Slots settle_switch(World& world);

/// Replaces the world's graph by the plan's. Added services get records, changed ones owe a stop if
/// their process must be restarted, removed ones stop, and records of slots that have left the
/// graph are cleared. New dependencies are started. With `start_added`, services that are new or
/// were broken are started as boot does. Without it, for a system that has booted a
/// target, they are started only if something whose wish is up requires or wants them. Afterwards
/// any service may have a step to take.
void apply_plan(World& world, const Plan& plan, bool start_added);

/// The record of a service that is new in the graph: inactive, or failed with config_error.
Record initial_record(const Node& node);

}  // namespace zinit
