// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Plans a reload: plan() is a pure function of the old graph and the new specs. apply_plan() of
// request.hpp carries the plan out.
//
// A service that the new graph refuses keeps its old spec, and the whole graph is validated again
// until nothing changes. A large graph takes time to plan: see supervisor/plan_aside.hpp.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "model/graph.hpp"

namespace zinit {

/// The effect of a reload on one service.
struct PlannedService {
  enum class Fate : std::uint8_t {
    unchanged,
    added,     // the name is new, or is back while its old process still stops
    settings,  // changed, and the process can go on
    restart,   // changed, and its process, if any, must be restarted
    kept,      // the new file is refused, and the old config stays in force
    waits,     // changed, but the necessary restart is put off: the old config stays
    removed,   // its file is gone: it is stopped and then forgotten
  };
  std::string name{};
  Fate fate = Fate::unchanged;
  SpecPtr spec{};                      // in force after the reload
  SpecPtr next{};                      // for `waits`: the config in its file
  Slot slot = kNoSlot;                 // kNoSlot: not assigned yet
  bool dependencies_changed = false;   // new dependencies are pulled in
  bool start = true;                   // start it if it is added with status `start`
  std::vector<std::string> refused{};  // why the new file is refused; also for an added service
};

struct Plan {
  std::vector<PlannedService> services;  // in the new load order, removed ones last
  GraphPtr graph;                        // validated; its slots are those in `services`
};

/// Which changes wait for a later reload.
struct PutOff {
  bool restarts = false;        // those that need a restart of a service that is up
  std::set<std::string> names;  // all changes of these services, if they are up
};

/// A copy of `spec` that is broken by faults of the graph. as_read() of it is `spec`.
[[nodiscard]] SpecPtr with_errors(const SpecPtr& spec, const std::vector<std::string>& errors);

/// `old` is the present graph, `specs` the new set in load order, with distinct names. A new spec
/// of a loaded service is refused if it is broken, or wrong in the new graph: the old spec stays in
/// force, and the graph is validated again until nothing changes. A service without a file stays in
/// the graph, marked as removed, if `live` says for its slot that something of it still runs;
/// otherwise it leaves the graph. `masked` goes into the new graph. For a service that is `up`, a
/// new spec is refused if it newly requires a missing service, which would stop it.
[[nodiscard]] Plan plan(const Graph& old, const std::vector<SpecPtr>& specs,
                        const std::vector<bool>& live, const MaskedNames& masked = {},
                        const std::vector<bool>& up = {}, const PutOff& put_off = {});

}  // namespace zinit
