// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Draws a graph: see graph_drawing.hpp.
#include "client/graph_drawing.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "client/svg.hpp"
#include "model/state.hpp"

namespace zinit {

namespace {

struct Edge {
  std::size_t from, to;
  std::string_view kind;
};

struct Vertex {
  std::string name{};                // empty: a place for long lines to pass a column
  std::string state{};               // empty: no service has that name
  std::vector<std::size_t> below{};  // its dependencies
  std::vector<std::size_t> above{};  // its dependents
  std::size_t column = 0;
  double place = 0;     // in its column, measured from the middle
  bool joined = false;  // a line leads to it
};

struct Drawing {
  std::vector<Vertex> vertices;
  std::vector<Edge> edges;
  std::map<std::string, std::size_t> by_name;

  std::size_t vertex(const std::string& name) {
    const auto [at, added] = by_name.try_emplace(name, vertices.size());
    if (added) vertices.push_back({.name = name});
    return at->second;
  }

  void connect(const std::string& from, const std::vector<std::string>& names,
               std::string_view kind) {
    const std::size_t source = vertex(from);
    for (const std::string& name : names) {
      const std::size_t to = vertex(name);
      const auto same = [&](const Edge& edge) {
        return (edge.from == source && edge.to == to) ||
               (kind == "conflicts" && edge.kind == kind && edge.from == to && edge.to == source);
      };
      if (std::any_of(edges.begin(), edges.end(), same)) continue;
      edges.push_back({source, to, kind});
      vertices[source].joined = vertices[to].joined = true;
      if (kind == "conflicts") continue;
      vertices[source].below.push_back(to);
      vertices[to].above.push_back(source);
    }
  }
};

Drawing drawing_of(const std::vector<ServiceStatus>& services) {
  Drawing drawing;
  for (const ServiceStatus& service : services)
    drawing.vertices[drawing.vertex(service.name)].state = service.state;
  for (const ServiceStatus& service : services) {
    drawing.connect(service.name, service.binds_to, "binds_to");
    drawing.connect(service.name, service.requires_, "requires");
    drawing.connect(service.name, service.wants, "wants");
    drawing.connect(service.name, service.after, "after");
    drawing.connect(service.name, service.conflicts, "conflicts");
  }
  return drawing;
}

/// A string in DOT, with its quotes.
std::string dot_quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string_view colour_of(const std::string& state) {
  if (state == "running") return "#8cbf8c";
  if (state == "failed") return "#e08080";
  if (state == "blocked" || state == "starting" || state == "stopping") return "#f0c878";
  return state.empty() ? "white" : "#dddddd";
}

std::string_view dot_style(std::string_view kind) {
  if (kind == "binds_to") return " [style=bold]";
  if (kind == "wants") return " [style=dashed]";
  if (kind == "after") return " [style=dotted]";
  if (kind == "conflicts") return " [dir=none, color=red, constraint=false]";
  return "";
}

/// Puts each vertex into the column after those of its dependencies, and returns the columns.
/// `wants` may make a cycle, which is cut at its first vertex.
std::vector<std::vector<std::size_t>> columns_of(Drawing& drawing) {
  std::vector<Vertex>& vertices = drawing.vertices;
  std::vector<std::size_t> missing(vertices.size());
  for (std::size_t i = 0; i < vertices.size(); ++i) missing[i] = vertices[i].below.size();
  std::vector<bool> placed(vertices.size(), false);
  std::vector<std::size_t> ready;
  std::vector<std::vector<std::size_t>> columns;
  const auto place = [&](std::size_t at) {
    if (placed[at]) return;
    placed[at] = true;
    for (const std::size_t below : vertices[at].below)
      if (placed[below] && below != at)
        vertices[at].column = std::max(vertices[at].column, vertices[below].column + 1);
    columns.resize(std::max(columns.size(), vertices[at].column + 1));
    columns[vertices[at].column].push_back(at);
    for (const std::size_t above : vertices[at].above)
      if (--missing[above] == 0) ready.push_back(above);
  };
  for (std::size_t i = 0; i < vertices.size(); ++i)
    if (missing[i] == 0) ready.push_back(i);
  std::size_t next = 0;
  for (std::size_t i = 0; i < vertices.size(); ++i) {
    for (; next < ready.size(); ++next) place(ready[next]);
    if (!placed[i]) ready.push_back(i);
  }
  for (; next < ready.size(); ++next) place(ready[next]);
  return columns;
}

// Sizes in the picture, in pixels.
constexpr double kRow = 36, kBox = 24, kPassage = 12, kAisle = 80, kMargin = 20, kText = 8;
// Boxes without lines stand in rows of about this width, unless the graph is wider.
constexpr double kAloneWidth = 900;

/// The way of an edge: its end in the later column, places in the columns between, the other end.
using Route = std::vector<std::size_t>;

/// Makes places in the columns between the ends of edges, so that no line runs under a box. Lines
/// of one kind to one vertex share these places.
std::vector<Route> routes_of(Drawing& drawing, std::vector<std::vector<std::size_t>>& columns) {
  std::vector<Vertex>& vertices = drawing.vertices;
  std::map<std::tuple<std::size_t, std::string_view, std::size_t>, std::size_t> shared;
  std::vector<Route> routes;
  for (const Edge& edge : drawing.edges) {
    const bool forward = vertices[edge.from].column >= vertices[edge.to].column;
    const std::size_t low = forward ? edge.to : edge.from;
    Route& route = routes.emplace_back(Route{forward ? edge.from : edge.to});
    const auto join = [&](std::size_t next) {
      vertices[route.back()].below.push_back(next);
      vertices[next].above.push_back(route.back());
      route.push_back(next);
    };
    for (std::size_t column = vertices[route[0]].column; column > vertices[low].column + 1;) {
      const auto [at, added] = shared.try_emplace({low, edge.kind, --column}, vertices.size());
      if (added) {
        vertices.push_back({.column = column});
        columns[column].push_back(at->second);
      }
      join(at->second);
    }
    route.size() > 1 ? join(low) : route.push_back(low);
  }
  return routes;
}

double height_of(const Vertex& vertex) { return vertex.name.empty() ? kPassage : kRow; }

/// Orders each column by the positions of its vertices' neighbours, a few times back and forth, so
/// that fewer lines cross (the barycentre method).
void untangle(Drawing& drawing, std::vector<std::vector<std::size_t>>& columns) {
  std::vector<Vertex>& vertices = drawing.vertices;
  const auto number = [&](const std::vector<std::size_t>& column) {
    double y = 0;
    for (const std::size_t at : column) y -= height_of(vertices[at]) / 2;
    for (const std::size_t at : column) {
      vertices[at].place = y + height_of(vertices[at]) / 2;
      y += height_of(vertices[at]);
    }
  };
  for (const auto& column : columns) number(column);
  for (int sweep = 0; sweep < 8; ++sweep) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      auto& column = columns[sweep % 2 == 0 ? i : columns.size() - 1 - i];
      for (const std::size_t at : column) {
        const auto& others = sweep % 2 == 0 ? vertices[at].below : vertices[at].above;
        if (others.empty()) continue;
        double sum = 0;
        for (const std::size_t other : others) sum += vertices[other].place;
        vertices[at].place = sum / static_cast<double>(others.size());
      }
      sort_by(column, [&](std::size_t at) { return vertices[at].place; });
      number(column);
    }
  }
}

/// The positions of all parts.
struct Layout {
  explicit Layout(Drawing& drawn) : drawing(drawn), columns(columns_of(drawn)) {
    if (!columns.empty())
      std::erase_if(columns[0], [&](std::size_t at) { return !drawn.vertices[at].joined; });
    routes = routes_of(drawn, columns);
    untangle(drawn, columns);
    for (const auto& column : columns) {
      double tall = 0, wide = 30;
      for (const std::size_t at : column) {
        tall += height_of(drawn.vertices[at]);
        wide = std::max(wide, Svg::width_of(drawn.vertices[at].name));
      }
      graph_height = std::max(graph_height, tall);
      lefts.push_back(width);
      widths.push_back(wide + 2 * kText);
      if (!column.empty()) width += widths.back() + kAisle;
    }
    width = std::max(width - kAisle + kMargin, kAloneWidth);
    height = kMargin + graph_height + kMargin;
    place_alone();
  }

  [[nodiscard]] double left(std::size_t at) const {
    const auto found = alone.find(at);
    return found != alone.end() ? found->second.first : lefts[drawing.vertices[at].column];
  }
  [[nodiscard]] double middle(std::size_t at) const {
    const auto found = alone.find(at);
    if (found != alone.end()) return found->second.second;
    return kMargin + graph_height / 2 + drawing.vertices[at].place;
  }
  [[nodiscard]] double box_width(std::size_t at) const {
    return alone.contains(at) ? alone_width : widths[drawing.vertices[at].column];
  }

  /// SVG's path for an edge.
  [[nodiscard]] std::string line(const Edge& edge, const Route& route) const {
    const double x = left(route.front());
    std::string text = fmt::format("M{:.0f} {:.0f}", x, middle(route.front()));
    const bool beside = drawing.vertices[edge.from].column == drawing.vertices[edge.to].column;
    for (std::size_t i = 1; i < route.size(); ++i) {
      const double x1 = left(route[i - 1]), y1 = middle(route[i - 1]), y2 = middle(route[i]);
      const double x2 = left(route[i]) + (beside ? 0 : box_width(route[i]));
      // A line beside the first column stays in the margin.
      const double bend = beside ? kMargin : kAisle / 2;
      text += fmt::format("C{:.0f} {:.0f} {:.0f} {:.0f} {:.0f} {:.0f}", x1 - bend, y1,
                          beside ? x2 - bend : x2 + bend, y2, x2, y2);
      if (i + 1 < route.size()) text += fmt::format("H{:.0f}", left(route[i]));
    }
    return text;
  }

  const Drawing& drawing;
  std::vector<std::vector<std::size_t>> columns;
  std::vector<Route> routes;  // of the edges
  double width = kMargin, height = 0;

 private:
  /// Puts vertices without lines into rows below the graph.
  void place_alone() {
    for (const Vertex& vertex : drawing.vertices)
      if (!vertex.joined) alone_width = std::max(alone_width, Svg::width_of(vertex.name));
    alone_width += 2 * kText;
    double x = kMargin, y = height;
    for (std::size_t at = 0; at < drawing.vertices.size(); ++at) {
      if (drawing.vertices[at].joined || drawing.vertices[at].name.empty()) continue;
      if (x > kMargin && x + alone_width + kMargin > width) x = kMargin, y += kRow;
      alone[at] = {x, y};
      x += alone_width + kMargin;
      height = y + kRow;
    }
  }

  std::vector<double> lefts, widths;  // of the columns
  std::map<std::size_t, std::pair<double, double>> alone;
  double graph_height = 0, alone_width = 0;
};

}  // namespace

std::string graph_dot(const std::vector<ServiceStatus>& services) {
  const Drawing drawing = drawing_of(services);
  std::string text =
      "digraph zinit {\n  rankdir=RL;\n  node [shape=box, style=filled, "
      "fontname=\"sans-serif\"];\n";
  for (const Vertex& vertex : drawing.vertices) {
    text += fmt::format("  {} [fillcolor=\"{}\"{}];\n", dot_quoted(vertex.name),
                        colour_of(vertex.state),
                        vertex.state.empty() ? ", style=\"filled,dashed\"" : "");
  }
  for (const Edge& edge : drawing.edges) {
    text += fmt::format("  {} -> {}{};\n", dot_quoted(drawing.vertices[edge.from].name),
                        dot_quoted(drawing.vertices[edge.to].name), dot_style(edge.kind));
  }
  return text + "}\n";
}

std::string graph_svg(const std::vector<ServiceStatus>& services) {
  Drawing drawing = drawing_of(services);
  const Layout layout(drawing);
  Svg svg(static_cast<int>(layout.width), static_cast<int>(layout.height) + 56,
          "path { fill: none; stroke: #555; } .wants { stroke-dasharray: 6 3; }\n"
          ".binds_to { stroke-width: 2; }\n"
          ".after { stroke-dasharray: 2 3; } .conflicts { stroke: red; }\n"
          "rect { stroke: #555; } .running { fill: #8cbf8c; } .failed { fill: #e08080; }\n"
          ".blocked, .starting, .stopping { fill: #f0c878; } .inactive, .exited { fill: #ddd; }\n"
          ".missing { fill: white; stroke-dasharray: 4 3; }\n"
          ".to { marker-end: url(#arrow); } .from { marker-start: url(#arrow); }\n");
  svg.arrow();
  for (std::size_t i = 0; i < drawing.edges.size(); ++i) {
    const Edge& edge = drawing.edges[i];
    const std::string_view head = edge.kind == "conflicts"             ? ""
                                  : layout.routes[i].back() == edge.to ? " to"
                                                                       : " from";
    svg.path(fmt::format("{}{}", edge.kind, head), layout.line(edge, layout.routes[i]));
  }
  for (std::size_t at = 0; at < drawing.vertices.size(); ++at) {
    const Vertex& vertex = drawing.vertices[at];
    if (vertex.name.empty()) continue;
    const auto state = state_from_name(vertex.state);
    svg.box(state ? state_name(*state) : "missing", layout.left(at), layout.middle(at) - kBox / 2,
            layout.box_width(at), kBox, vertex.state.empty() ? "does not exist" : vertex.state);
    svg.text("", layout.left(at) + kText, layout.middle(at) + 4, vertex.name);
  }
  double x = kMargin, y = layout.height + 10;
  for (const auto& [css_class, meaning] :
       {std::pair("running", "running"), std::pair("blocked", "blocked, starting, stopping"),
        std::pair("failed", "failed"), std::pair("inactive", "inactive, exited"),
        std::pair("missing", "does not exist")})
    x = svg.box_key(css_class, x, y, meaning);
  x = kMargin, y += 24;
  for (const auto& [css_class, meaning] :
       {std::pair("requires to", "requires"), std::pair("binds_to to", "is bound to"),
        std::pair("wants to", "wants"), std::pair("after to", "starts after")})
    x = svg.path_key(css_class, x, y, "h30", meaning);
  svg.path_key("conflicts", x, y, "h30", "conflicts with");
  return svg.take();
}

}  // namespace zinit
