// What a reload means: plan(old graph, new specs), pure. The board applies it.
#pragma once

#include <string>
#include <vector>

#include "model/graph.hpp"

namespace zinit {

/// What becomes of one service.
struct PlannedService {
  enum class Fate : std::uint8_t {
    unchanged,
    added,     // the name is new, or comes back while its old process still stops
    settings,  // changed, but the process need not notice
    restart,   // changed, and its process is restarted if there is one
    kept,      // the new file is refused, the old config stays
    removed,   // no file any more: stopped, then forgotten
  };
  std::string name;
  Fate fate = Fate::unchanged;
  SpecPtr spec;                       // in force after the reload
  Slot slot = kNoSlot;                // the one it has already
  bool dependencies_changed = false;  // its newly required services are pulled in
  bool start = true;                  // if it is added and its status is `start`; see apply_plan()
  std::vector<std::string>
      refused;  // why the new file is: with `kept`, and for an added broken one
};

struct Plan {
  std::vector<PlannedService> services;  // in the new load order, removed ones last
  GraphPtr graph;                        // validated, to be swapped in; slots as in `services`
};

/// `old` is the graph in force; `specs` the new set in load order, names distinct. A spec that is
/// broken, or that the new graph finds at fault, is refused where its service is loaded already:
/// its old config is put in its place and the whole is validated again, until nothing changes.
/// Removed services that are in `live` (something of theirs still runs) stay in the graph, marked;
/// others leave it. `masked` goes into the new graph.
[[nodiscard]] Plan plan(const Graph& old, const std::vector<SpecPtr>& specs,
                        const std::vector<bool>& live, const MaskedNames& masked = {});

}  // namespace zinit
