// The reports that a client gets about a plan and about a request.
#pragma once

#include "model/plan.hpp"
#include "model/request.hpp"
#include "model/world.hpp"
#include "supervisor/board.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// `world` is the one that `plan` was made for; `plan` is not applied to it yet. Under the board's
/// lock.
[[nodiscard]] ReloadReport report_of(const Plan& plan, const World& world);

/// The names, sorted, each once.
[[nodiscard]] std::vector<std::string> sorted_names(const Graph& graph, const Slots& slots);
/// What a request has done to other services than its own.
[[nodiscard]] Board::Others others_of(const Graph& graph, const Requested& requested);

}  // namespace zinit
