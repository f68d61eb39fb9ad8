// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The answer to a request: the names of the services that it has changed.
#pragma once

#include <string>
#include <vector>

#include "model/request.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// The names, sorted, without duplicates.
[[nodiscard]] std::vector<std::string> sorted_names(const Graph& graph, const Slots& slots);

/// The effects of a request on other services than its own.
[[nodiscard]] Board::Others others_of(const Graph& graph, const Requested& requested);

}  // namespace zinit
