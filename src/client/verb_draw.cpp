// zinitctl graph and bootchart: pictures of the dependencies, and of the boot.
#include "client/bootchart.hpp"
#include "client/context.hpp"
#include "client/graph_drawing.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"

namespace zinit {

int run_graph(VerbContext& context) {
  if (context.arguments.has("dot") && context.arguments.has("svg"))
    throw VerbFailure{ExitStatus::usage, "--dot and --svg exclude each other"};
  const std::vector<std::string> members = {"name",     "kind",  "state", "requires",
                                            "binds_to", "wants", "after", "conflicts"};
  const std::string json =
      context.client().call("service.list_full", JsonParams().add("members", members).text());
  const JsonDocument list = parse_json(json);
  json_expect_array(list, "list");
  std::vector<ServiceStatus> services;
  for (const JsonValue& element : list.GetArray()) services.push_back(read_status(element));
  return context.print_result(
      json, context.arguments.has("svg") ? graph_svg(services) : graph_dot(services));
}

int run_bootchart(VerbContext& context) {
  const std::string json = context.client().call("system.bootchart");
  if (context.json()) return context.print_result(json, {});
  const std::vector<BootStep> steps = read_bootchart(parse_json(json));
  const SystemInfo info = context.client().info();
  context.print(context.arguments.has("svg") ? bootchart_svg(info, steps)
                                             : bootchart_text(context.terminal(), info, steps));
  return ExitStatus::done;
}

}  // namespace zinit
