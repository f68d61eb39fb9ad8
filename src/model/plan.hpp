// Plans a reload: plan() is a pure function of the old graph and the new specs. apply_plan() of
// request.hpp carries the plan out.
#pragma once

#include <string>
#include <vector>

#include "model/graph.hpp"

namespace zinit {

/// What becomes of one service.
struct PlannedService {
  enum class Fate : std::uint8_t {
    unchanged,
    added,     // the name is new, or has returned while its old process still stops
    settings,  // changed, and the process can go on
    restart,   // changed, and its process has to be restarted if there is one
    kept,      // the new file is refused, and the old config stays in force
    waits,     // changed, and the restart that it takes is not to be: likewise
    removed,   // its file is gone: it is stopped and then forgotten
  };
  std::string name{};
  Fate fate = Fate::unchanged;
  SpecPtr spec{};                      // in force after the reload
  SpecPtr next{};                      // of one that waits: what its file says
  Slot slot = kNoSlot;                 // kNoSlot: none assigned yet
  bool dependencies_changed = false;   // what it newly requires and wants is pulled in
  bool start = true;                   // whether to start it if it is added with status `start`
  std::vector<std::string> refused{};  // why the new file is refused; also set for an added service
};

struct Plan {
  std::vector<PlannedService> services;  // in the new load order, removed ones last
  GraphPtr graph;                        // validated; its slots are those in `services`
};

/// `old` is the graph in force, `specs` the new set in load order, with distinct names. If the new
/// spec of a loaded service is broken, or wrong in the new graph, it is refused: the old spec stays
/// in force, and the graph is validated again until nothing changes. A service whose file is gone
/// stays in the graph, marked as removed, if `live` says of its slot that something of it still
/// runs; otherwise it leaves the graph. `masked` goes into the new graph. Of a service that is `up`
/// a new spec is refused if it newly requires what does not exist, which would stop it; with
/// `no_restart` one that takes a restart waits.
[[nodiscard]] Plan plan(const Graph& old, const std::vector<SpecPtr>& specs,
                        const std::vector<bool>& live, const MaskedNames& masked = {},
                        const std::vector<bool>& up = {}, bool no_restart = false);

}  // namespace zinit
