// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Everything that decide() looks at: the graph, a record for each service, and whether a shutdown
// has begun. Plain data without clock, locks or system calls. The board keeps the running system's
// world under its lock; tests make their own.
#pragma once

#include <cstdint>
#include <vector>

#include "model/graph.hpp"
#include "model/record.hpp"

namespace zinit {

struct World {
  GraphPtr graph;
  std::vector<Record> records;  // by slot
  bool shutdown = false;
  bool switching =
      false;  // from a shutdown for a switch-root until the new root's boot has settled
  Milliseconds stop_limit = Milliseconds::max();  // for each stop stage in a hurried shutdown
  std::int64_t next_rank = -1;                    // for the next rank_first(); counts down
  std::uint64_t serial = 0;                       // grows whenever a service becomes ready or fails

  // One for each kind of search, because one search can begin another. They need no lock of their
  // own: everything in a world is used under one lock.
  struct Searches {
    Search fault, coming, claim, first_try, settled, request, affected, affected_through;
    Search required;  // the services that held_up()'s service requires
    // The results of SettledQuestions, and for each service the one from which the search came.
    Search known_settled, known_waiting;
    std::vector<Slot> came_from, looked_at;
  };
  mutable Searches searches;

  [[nodiscard]] Record& record(Slot slot) { return records[slot]; }
  [[nodiscard]] const Record& record(Slot slot) const { return records[slot]; }
  [[nodiscard]] const Node& node(Slot slot) const { return graph->node(slot); }
  [[nodiscard]] const ServiceSpec& spec(Slot slot) const { return graph->spec(slot); }

  /// From now on `slots` come before whatever conflicts with them.
  /// @return  `slots`
  std::vector<Slot> rank_first(std::vector<Slot> slots) {
    for (const Slot slot : slots) record(slot).rank = next_rank;
    --next_rank;
    return slots;
  }
};

}  // namespace zinit
