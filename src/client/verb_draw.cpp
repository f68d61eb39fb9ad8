// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl graph and bootchart: pictures of the dependencies, and of the boot.
#include <limits>
#include <map>
#include <set>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/bootchart.hpp"
#include "client/context.hpp"
#include "client/graph_drawing.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"

namespace zinit {

namespace {

using Edges = std::vector<std::string> ServiceStatus::*;
constexpr Edges kEdges[] = {&ServiceStatus::requires_, &ServiceStatus::binds_to,
                            &ServiceStatus::wants, &ServiceStatus::after};

using Names = std::set<std::string, std::less<>>;
using Neighbours = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Adds to `found` the names, and all names at most `depth` dependencies away from them.
void reach(const Neighbours& neighbours, const std::vector<std::string>& names, long long depth,
           Names& found) {
  Names seen(names.begin(), names.end());
  std::vector<std::string> edge = names;
  for (; depth > 0 && !edge.empty(); --depth) {
    std::vector<std::string> next;
    for (const std::string& name : edge) {
      const auto at = neighbours.find(name);
      if (at == neighbours.end()) continue;
      for (const std::string& other : at->second)
        if (seen.insert(other).second) next.push_back(other);
    }
    edge = std::move(next);
  }
  found.merge(seen);
}

/// The names of the services that `names` depend on, and of their dependents, at most `depth`
/// dependencies away.
Names around(const std::vector<ServiceStatus>& services, const std::vector<std::string>& names,
             long long depth) {
  Neighbours down, up;
  for (const ServiceStatus& service : services) {
    for (const Edges edges : kEdges) {
      for (const std::string& other : service.*edges) {
        down[service.name].push_back(other);
        up[other].push_back(service.name);
      }
    }
  }
  Names found;
  reach(down, names, depth, found);
  reach(up, names, depth, found);
  return found;
}

/// Keeps only the services with these names, and the dependencies among them.
void keep_only(const Names& names, std::vector<ServiceStatus>& services) {
  const auto is_out = [&](const std::string& name) { return !names.contains(name); };
  std::erase_if(services, [&](const ServiceStatus& one) { return is_out(one.name); });
  for (ServiceStatus& service : services) {
    for (const Edges edges : kEdges) std::erase_if(service.*edges, is_out);
    std::erase_if(service.conflicts, is_out);
  }
}

/// The elements of a list with these names, as the server sent them.
std::string json_of_those(const JsonValue& list, const Names& names) {
  JsonWriter writer;
  writer.begin_array();
  for (const JsonValue& element : list.GetArray())
    if (names.contains(json_string(element, "name"))) writer.put_raw(json_text(element));
  return writer.end_array().take();
}

long long wanted_depth(const VerbContext& context) {
  if (!context.arguments.has("depth")) return std::numeric_limits<long long>::max();
  const std::string text = context.arguments.value("depth");
  const auto depth = parse_integer(text);
  if (!depth || *depth < 0)
    throw VerbFailure{ExitStatus::usage, fmt::format("--depth {}: no number", text)};
  if (context.arguments.rest.empty())
    throw VerbFailure{ExitStatus::usage, "--depth needs a NAME to count from"};
  return *depth;
}

}  // namespace

int run_graph(VerbContext& context) {
  if (context.arguments.has("dot") && context.arguments.has("svg"))
    throw VerbFailure{ExitStatus::usage, "--dot and --svg exclude each other"};
  const long long depth = wanted_depth(context);
  const std::vector<std::string> members = {"name",     "kind",  "state", "requires",
                                            "binds_to", "wants", "after", "conflicts"};
  std::string json =
      context.client().call("service.list_full", JsonParams().add("members", members).text());
  const JsonDocument list = parse_json(json);
  json_expect_array(list, "list");
  std::vector<ServiceStatus> services;
  for (const JsonValue& element : list.GetArray())
    services.push_back(read_as<ServiceStatus>(element));
  if (!context.arguments.rest.empty()) {
    const std::vector<std::string> names = context.names();
    for (const std::string& name : names)
      if (!contains(services, name, &ServiceStatus::name))
        return context.fail(ClientError(ErrorCode::service_not_found, "no such service"), name);
    const Names kept = around(services, names, depth);
    if (context.json()) json = json_of_those(list, kept);
    keep_only(kept, services);
  }
  return context.print_result(json, context.json()                 ? std::string()
                                    : context.arguments.has("svg") ? graph_svg(services)
                                                                   : graph_dot(services));
}

int run_bootchart(VerbContext& context) {
  const std::string json = context.client().call("system.bootchart");
  if (context.json()) return context.print_result(json, {});
  const std::vector<BootStep> steps = parse_as<std::vector<BootStep>>(json);
  const SystemInfo info = context.client().info();
  context.print(context.arguments.has("svg") ? bootchart_svg(info, steps)
                                             : bootchart_text(context.terminal(), info, steps));
  return ExitStatus::done;
}

}  // namespace zinit
