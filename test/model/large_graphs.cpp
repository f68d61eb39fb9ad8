// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Graphs of thousands of services.
#include "model/fake_world.hpp"
#include "support/test.hpp"

namespace zinit::test::model_large_graphs {
namespace {

TEST_CASE("a cycle of three thousand is told by its first steps at each place", "[graph]") {
  std::string text = "s0 requires s1";
  for (int i = 1; i < 3000; ++i)
    text += ", s" + std::to_string(i) + " requires s" + std::to_string((i + 1) % 3000);
  std::vector<GraphEntry> entries;
  for (const SpecPtr& spec : Specs(text).list())
    entries.push_back({spec, kNoSlot, static_cast<std::uint32_t>(entries.size()), false});
  const GraphPtr graph = Graph::build(entries);
  std::size_t told = 0;
  for (const Slot each : graph->order()) told += graph->node(each).faults->at(0).size();
  CHECK(told < 3000 * 200);
  CHECK_THAT(graph->node(graph->find("s2999")).faults->at(0),
             Contains("s2999 -> s0 -> s1 ") && Contains(" -> s6 -> ... (2992 more) ... -> s2999;"));
}

TEST_CASE("a chain of ten thousand is built and started without deep recursion", "[graph]") {
  std::vector<SpecPtr> list;
  for (int i = 0; i < 10000; ++i) {
    auto spec = std::make_shared<ServiceSpec>();
    spec->name = "s" + std::to_string(i);
    if (i > 0) spec->dependencies.edit().requires_.push_back({"s" + std::to_string(i - 1), {}});
    if (i == 9999) spec->dependencies.edit().after.push_back({"s5000", {}});
    list.push_back(spec);
  }
  World world;
  world.graph = Graph::build({});
  apply_plan(world, plan(*world.graph, list, {}), false);
  request_start(world, world.graph->find("s9999"));
  const Step first = decide(Situation{world, world.graph->find("s0"), TimePoint{}});
  REQUIRE(first.row != nullptr);
  CHECK(first.row->to == State::blocked);
  CHECK(decide(Situation{world, world.graph->find("s9999"), TimePoint{}}).row != nullptr);
}

}  // namespace
}  // namespace zinit::test::model_large_graphs
