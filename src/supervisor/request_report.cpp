// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Names of the services that a request has changed. See request_report.hpp.
#include "supervisor/request_report.hpp"

#include "base/sort.hpp"

namespace zinit {

std::vector<std::string> sorted_names(const Graph& graph, const Slots& slots) {
  std::vector<std::string> names;
  for (const Slot slot : slots) names.push_back(graph.name(slot));
  sort_unique(names);
  return names;
}

Board::Others others_of(const Graph& graph, const Requested& requested) {
  return {sorted_names(graph, requested.started), sorted_names(graph, requested.stopped),
          sorted_names(graph, requested.restarted), sorted_names(graph, requested.left)};
}

}  // namespace zinit
