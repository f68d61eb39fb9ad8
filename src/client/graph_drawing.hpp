// Draws the graph of dependencies, as Graphviz text and as SVG.
#pragma once

#include <string>
#include <vector>

#include "zinit/client.hpp"

namespace zinit {

/// A graph in Graphviz's language (graphviz.org, "DOT Language"). An edge leads from a service to
/// what it depends on, once for each two, by the strongest of requires, wants and after. Names that
/// no service has are drawn with a dashed border.
[[nodiscard]] std::string graph_dot(const std::vector<ServiceStatus>& services);

/// The same as a picture: in columns, each service to the right of all that it depends on.
[[nodiscard]] std::string graph_svg(const std::vector<ServiceStatus>& services);

}  // namespace zinit
