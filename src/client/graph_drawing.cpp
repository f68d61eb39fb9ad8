// Draws a graph: see graph_drawing.hpp.
#include "client/graph_drawing.hpp"

#include <algorithm>
#include <map>

#include "base/format.hpp"
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
  std::string name;
  std::string state;               // empty: nothing has that name
  std::vector<std::size_t> below;  // what it depends on
  std::vector<std::size_t> above;  // what depends on it
  std::size_t column = 0;
  double place = 0;  // in its column
};

struct Drawing {
  std::vector<Vertex> vertices;
  std::vector<Edge> edges;
  std::map<std::string, std::size_t> by_name;

  std::size_t vertex(const std::string& name) {
    const auto [at, added] = by_name.try_emplace(name, vertices.size());
    if (added) vertices.push_back({name, {}, {}, {}});
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

/// A string of DOT, with its quotes.
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

/// Puts each vertex into the column behind those of all that it depends on, and returns the
/// columns. A circle, which wants may make, is cut at the vertex that comes first.
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

/// Orders each column by where the neighbours of its vertices are, a few times back and forth, so
/// that fewer lines cross (the barycentre method).
void untangle(Drawing& drawing, std::vector<std::vector<std::size_t>>& columns) {
  std::vector<Vertex>& vertices = drawing.vertices;
  const auto number = [&](const std::vector<std::size_t>& column) {
    for (std::size_t i = 0; i < column.size(); ++i)
      vertices[column[i]].place = static_cast<double>(i) - static_cast<double>(column.size()) / 2;
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
      std::ranges::stable_sort(column, {}, [&](std::size_t at) { return vertices[at].place; });
      number(column);
    }
  }
}

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
  constexpr double row = 40, box = 24, gap = 80, margin = 20;
  Drawing drawing = drawing_of(services);
  std::vector<std::vector<std::size_t>> columns = columns_of(drawing);
  untangle(drawing, columns);
  std::size_t rows = 1;
  for (const auto& column : columns) rows = std::max(rows, column.size());
  const double height = margin * 2 + row * static_cast<double>(rows);
  std::vector<double> lefts, widths;
  double x = margin;
  for (const auto& column : columns) {
    std::size_t longest = 4;
    for (const std::size_t at : column)
      longest = std::max(longest, display_width(printable(drawing.vertices[at].name)));
    lefts.push_back(x);
    widths.push_back(static_cast<double>(longest) * 7.5 + 16);
    x += widths.back() + gap;
  }
  const auto middle = [&](const Vertex& vertex) { return height / 2 + (vertex.place + 0.5) * row; };
  Svg svg(static_cast<int>(std::max(x - gap, margin) + margin), static_cast<int>(height),
          "path { fill: none; stroke: #555; } .wants { stroke-dasharray: 6 3; }\n"
          ".binds_to { stroke-width: 2; }\n"
          ".after { stroke-dasharray: 2 3; } .conflicts { stroke: red; }\n"
          "rect { stroke: #555; } .running { fill: #8cbf8c; } .failed { fill: #e08080; }\n"
          ".blocked, .starting, .stopping { fill: #f0c878; } .inactive, .exited { fill: #ddd; }\n"
          ".missing { fill: white; stroke-dasharray: 4 3; }\n");
  for (const Edge& edge : drawing.edges) {
    const Vertex &from = drawing.vertices[edge.from], &to = drawing.vertices[edge.to];
    const double x1 = lefts[from.column], x2 = lefts[to.column] + widths[to.column];
    const double y1 = middle(from), y2 = middle(to);
    std::string line = fmt::format("M{:.0f} {:.0f}C{:.0f} {:.0f} {:.0f} {:.0f} {:.0f} {:.0f}", x1,
                                   y1, x1 - gap / 2, y1, x2 + gap / 2, y2, x2, y2);
    if (edge.kind != "conflicts") line += fmt::format("l8 -4m-8 4l8 4");  // the arrow's head
    svg.path(edge.kind, line);
  }
  for (const Vertex& vertex : drawing.vertices) {
    const double left = lefts[vertex.column], y = middle(vertex);
    const auto state = state_from_name(vertex.state);
    svg.box(state ? state_name(*state) : "missing", left, y - box / 2, widths[vertex.column], box,
            vertex.state.empty() ? "does not exist" : vertex.state);
    svg.text("", left + 8, y + 4, vertex.name);
  }
  return svg.take();
}

}  // namespace zinit
