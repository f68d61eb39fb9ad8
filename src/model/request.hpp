// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// How a request, a boot, a shutdown or a reload changes the wishes and requests in the records. The
// functions make no system calls, and the caller holds the board's lock. They return the slots
// whose records have changed; the caller must wake the services affected (wake.hpp).
#pragma once

#include <string>
#include <vector>

#include "model/plan.hpp"
#include "model/world.hpp"

namespace zinit {

using Slots = std::vector<Slot>;

/// The effects of a start, stop or restart of one service.
struct Requested {
  Slots changed;  // all slots with changed records
  // Other services that are started, stopped, or stopped and started again with it.
  Slots started, stopped, restarted;
  // Its dependents, at any depth, that an earlier stop of it took down. A start of it does not
  // bring them back.
  Slots left;
};

/// `start`: `slot` is tried once more. Services that it requires and wants are started with it;
/// services that conflict with any of these are stopped.
Requested request_start(World& world, Slot slot);
/// `stop`: the wish of `slot` and of all its dependents becomes down.
Requested request_stop(World& world, Slot slot);
/// `restart`: `slot` and all its dependents owe one stop. What waits for the end of a conflict with
/// `slot` does not start meanwhile. If `slot` does not run, like `start`.
Requested request_restart(World& world, Slot slot);
/// Makes `slot` and its dependents owe one stop if they run or hold something. A dependent that is
/// a done oneshot owes one, too, and so runs again. Returns all of them, running or not.
Slots owe_stop(World& world, Slot slot);
/// It runs or holds something: stopping it has an effect.
[[nodiscard]] bool stands(const World& world, Slot slot);
/// What a restart of `slot` stops with `graph` in force: the service and its dependents, at any
/// depth, except those for which stands() is false.
[[nodiscard]] Slots stopped_by_restart(const World& world, const Graph& graph, Slot slot);
/// Boot: `target`, or with kNoSlot every service that a boot starts, is pulled like by
/// request_pull(). Leaves out services whose wish is up already: a crash during a boot leaves some,
/// perhaps done. Without a target it also leaves out what is in the graph `older`: a late boot
/// leaves services to the clients that have added them.
Slots request_boot(World& world, Slot target, const Graph* older = nullptr);
/// What a boot starts and pulls in, at any depth: `target`, or with kNoSlot every service that a
/// boot starts.
[[nodiscard]] Slots slots_of_boot(const World& world, Slot target);
/// Boot and start-all: each of `slots` is started with everything that it requires and wants.
/// Unlike `start`, none of them gains precedence in a conflict, and no conflict stops anything.
Slots request_pull(World& world, const Slots& slots);
/// The effects of an isolate.
struct Isolation {
  Slots started, stopped;
  Slots changed;  // all slots with changed records
};
/// `isolate`: starts `target` like request_start(), and stops every other service of class `user`,
/// except those that the target pulls in or that an up service of class `system` requires. The
/// caller has asked isolate_refusal() first.
Isolation request_isolate(World& world, Slot target);
/// Why an isolate of `spec` is refused; empty: it is a target. Otherwise a service that is named by
/// mistake would stop everything else.
[[nodiscard]] std::string isolate_refusal(const ServiceSpec& spec);
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
/// `start-all`: starts all services that are not ready, except those with status "ignore" and those
/// that a connection starts.
Bulk request_start_all(World& world);
/// `stop-all`: stops all services, except those that an up service of class `system` requires, at
/// any depth.
Bulk request_stop_all(World& world);
/// `delete-all`: chooses the services to delete: all, except those that a service of class `system`
/// requires, at any depth, and the command from zinit's command line. Changes nothing.
Bulk choose_delete_all(const Graph& graph);
/// Every wish becomes down, and nothing is started any more.
/// @param switching  a switch-root follows: survivors keep their wish.
Slots request_shutdown(World& world, bool switching = false);
/// The services are down. Survivors may be started again, and are not stopped because of a lost
/// dependency before settle_switch().
Slots end_switch(World& world);
/// The new root has booted: survivors are now services like any other.
Slots settle_switch(World& world);

/// Replaces the world's graph by the plan's. Added services get records, changed ones owe a stop if
/// their process must be restarted, removed ones stop, and records of slots that left the graph are
/// cleared. New dependencies are started. With `start_added`, services that are new or were broken
/// are started as at boot. Without it, for a system that has booted a target, they are started only
/// if a service with the wish up requires or wants them. Afterwards any service may have a step to
/// take.
void apply_plan(World& world, const Plan& plan, bool start_added);

/// The record of a service that is new in the graph: inactive, or failed with config_error.
Record initial_record(const Node& node);

}  // namespace zinit
