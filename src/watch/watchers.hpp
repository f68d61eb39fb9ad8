// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Combines several WatchPorts into one: each serves its own section of the service files.
//
// This room watches main processes. A process whose service has [readiness] or [health] is a
// CheckedProcess (supervisor/checked_process.hpp): the board makes one at each spawn, and every
// report names it, so a late message of an ended process never counts for its successor.
//   prober.hpp                     [health]: probes over the network and commands
//   readiness.hpp                  [readiness]: messages, a newline, a pidfile; the watchdog
//   readiness_*.cpp, pidfile.hpp   its parts
//   fd_store.hpp                   descriptors that a service has stored
//
// The sockets of [socket] are a WatchPort too (activation/service_sockets.hpp): a main process gets
// its sockets in the same way as its notify socket. supervisor/watch_port.hpp has both directions
// of the talk with the board.
#pragma once

#include <algorithm>
#include <vector>

#include "supervisor/watch_port.hpp"

namespace zinit {

/// Passes every call on to each watcher. Threads and locks: see WatchPort.
class Watchers final : public WatchPort {
 public:
  /// Call before the first service is started. `watcher` outlives this object.
  void add(WatchPort& watcher) { watchers_.push_back(&watcher); }

  [[nodiscard]] Result<void> prepare(Slot slot, const ServiceSpec& spec,
                                     SpawnExtras& extras) override {
    for (WatchPort* const each : watchers_)
      if (auto prepared = each->prepare(slot, spec, extras); !prepared) return prepared;
    return {};
  }
  [[nodiscard]] bool take_over(Slot slot, const ServiceSpec& spec, SpawnExtras& extras) override {
    bool held = false;
    for (WatchPort* const each : watchers_) held = each->take_over(slot, spec, extras) || held;
    return held;
  }
  void watch(const CheckedProcessPtr& process) override {
    for (WatchPort* const each : watchers_) each->watch(process);
  }
  void changed() noexcept override {
    for (WatchPort* const each : watchers_) each->changed();
  }
  void drain(const CheckedProcess& process) noexcept override {
    for (WatchPort* const each : watchers_) each->drain(process);
  }
  [[nodiscard]] bool leaves_files(Slot slot) const override {
    return std::ranges::any_of(watchers_, [&](auto* each) { return each->leaves_files(slot); });
  }
  void clean(Slot slot) noexcept override {
    for (WatchPort* const each : watchers_) each->clean(slot);
  }
  void rested(Slot slot) noexcept override {
    for (WatchPort* const each : watchers_) each->rested(slot);
  }

 private:
  std::vector<WatchPort*> watchers_;
};

}  // namespace zinit
