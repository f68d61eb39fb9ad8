// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Draws the graph of dependencies, as Graphviz text and as SVG.
#pragma once

#include <string>
#include <vector>

#include "zinit/client.hpp"

namespace zinit {

/// A graph in Graphviz's language (graphviz.org, "DOT Language"). There is one edge from a service
/// to each of its dependencies, for the strongest of requires, wants and after. Names without a
/// service have a dashed border.
[[nodiscard]] std::string graph_dot(const std::vector<ServiceStatus>& services);

/// The same as a picture in columns: each service stands to the right of its dependencies.
[[nodiscard]] std::string graph_svg(const std::vector<ServiceStatus>& services);

}  // namespace zinit
