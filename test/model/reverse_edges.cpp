// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// required_by, before and wanted_by: edges that the other end's file contains.
#include "model/fake_world.hpp"
#include "model/why.hpp"
#include "support/test.hpp"

namespace zinit::test::model_reverse_edges {
namespace {

GraphPtr graph_of(const Specs& specs) {
  std::vector<GraphEntry> entries;
  for (const SpecPtr& spec : specs.list())
    entries.push_back({spec, kNoSlot, static_cast<std::uint32_t>(entries.size()), false});
  return Graph::build(entries);
}

const Node& node(const GraphPtr& graph, const std::string& name) {
  return graph->node(graph->find(name));
}

TEST_CASE("an edge written at the other end is one like any other, and told apart", "[graph]") {
  const GraphPtr graph =
      graph_of(Specs("net, x required_by web, x before db, x wanted_by all, web, db, all target"));
  const Slot x = graph->find("x");
  CHECK(node(graph, "web").requires_ == Slots{x});
  CHECK(node(graph, "db").after == Slots{x});
  CHECK(node(graph, "all").wants == Slots{x});
  CHECK(node(graph, "x").required_by == Slots{graph->find("web")});
  CHECK(node(graph, "x").ordered_before == Slots{graph->find("db")});
  CHECK(node(graph, "x").wanted_by == Slots{graph->find("all")});
  CHECK(node(graph, "web").adds(x, "requires"));
  CHECK(node(graph, "db").adds(x, "after"));
  CHECK(node(graph, "all").adds(x, "wants"));
  CHECK_FALSE(node(graph, "all").adds(x, "requires"));
  CHECK(node(graph, "x").added->empty());
}

TEST_CASE("an edge that is written at both ends is the service's own", "[graph]") {
  const GraphPtr graph = graph_of(Specs("web requires x, x required_by web"));
  CHECK(node(graph, "web").requires_ == Slots{graph->find("x")});
  CHECK(node(graph, "web").added->empty());
}

TEST_CASE("a name that nothing has holds as soon as it is there", "[graph]") {
  FakeWorld w("x required_by web?, x before late?, x wanted_by all?");
  CHECK(*node(w.world.graph, "x").unknown == Texts{"web", "late", "all"});
  CHECK(node(w.world.graph, "x").faults->empty());
  w.boot();
  w.settle();
  w.reload(Specs("x required_by web, x before late, x wanted_by all"));
  CHECK(node(w.world.graph, "web").requires_ == Slots{w.slot("x")});
  CHECK(node(w.world.graph, "x").unknown->empty());
}

TEST_CASE("a service that adds itself to itself is refused, and adds nothing", "[graph]") {
  for (const std::string key : {"required_by", "before", "wanted_by"}) {
    INFO(key);
    const GraphPtr graph = graph_of(Specs("x " + key + " x, x required_by web"));
    REQUIRE(node(graph, "x").faults->size() == 1);
    CHECK(node(graph, "x").faults->front().find("dependencies." + key) != std::string::npos);
    CHECK(node(graph, "web").requires_.empty());
  }
}

TEST_CASE("a cycle that an added edge closes is told at the place where that is written",
          "[graph]") {
  Specs specs("a requires b, b, a required_by b");
  specs["a"].file = "/etc/zinit/services/a.toml";
  specs["a"].dependencies.edit().required_by[0].at = {7, 3, 0};
  specs["b"].file = "/etc/zinit/services/b.toml";
  const GraphPtr graph = graph_of(specs);
  REQUIRE(node(graph, "b").faults->size() == 1);
  CHECK_THAT(node(graph, "b").faults->front(),
             Catch::StartsWith("/etc/zinit/services/a.toml:7:3: error: dependencies.required_by: "
                               "a cycle: b -> a -> b"));
  CHECK(node(graph, "a").faults->size() == 1);
  CHECK(node(graph, "b").requires_.empty());
}

TEST_CASE("what conflicts with a service does not add itself to it", "[graph]") {
  const GraphPtr graph = graph_of(Specs("x required_by web, x conflicts web"));
  CHECK_FALSE(node(graph, "web").faults->empty());
  CHECK(node(graph, "x").faults->empty());
}

TEST_CASE("a new file that puts what it adds itself to at fault is refused itself", "[plan]") {
  FakeWorld w("web requires db");
  w.boot();
  w.settle();
  w.reload(Specs("web requires db, x conflicts db, x required_by web"));
  w.settle();
  CHECK(w.states() == "web=running db=running x=failed ");
  CHECK(w.record("x").reason.type == ReasonType::config_error);
  w.reload(Specs("web requires db, x required_by web, x after web"));
  w.settle();
  CHECK(w.states() == "web=running db=running x=failed ");
  w.reload(Specs("web requires db, x required_by web"));
  w.settle();
  CHECK(w.states() == "web=running db=running x=running ");
}

TEST_CASE("boot, stop and shutdown take added edges as they take others", "[deps]") {
  FakeWorld w("all target, all wants web, web, x required_by web, x wanted_by all");
  w.boot();
  w.settle();
  CHECK(w.states() == "all=running web=running x=running ");
  w.stop("x");
  w.settle();
  CHECK(w.states() == "all=running web=exited x=exited ");
}

TEST_CASE("a reload starts what adds itself to something that is up", "[plan]") {
  FakeWorld w("all target, all wants web, x");
  w.start("all");
  w.settle();
  CHECK(w.states() == "all=running web=running x=inactive ");
  w.reload(Specs("all target, all wants web, x wanted_by all"));
  w.settle();
  CHECK(w.states() == "all=running web=running x=running ");
  w.stop("x");
  w.settle();
  Specs same("all target, all wants web, x wanted_by all, x before web");
  w.reload(same);
  w.settle();
  CHECK(w.state("x") == State::exited);  // nobody has asked for it since
}

TEST_CASE("an added edge goes with the file that has it", "[plan]") {
  FakeWorld w("web, x required_by web");
  w.boot();
  w.settle();
  w.reload(Specs("web"));
  w.settle();
  CHECK(w.state("web") == State::running);
  CHECK(w.state("x") == State::exited);
  CHECK(w.spawns("web") == 1);
}

TEST_CASE("a removed service still stops before what has added itself to it", "[plan]") {
  FakeWorld w("web, x required_by web");
  w.boot();
  w.settle();
  w.reload(Specs("x required_by web?"));
  CHECK(w.state("web") == State::stopping);
  w.stop("x");
  CHECK(w.record("x").stage == StopStage::none);  // its turn has not come
  w.settle();
  CHECK(w.state("x") == State::exited);
}

TEST_CASE("why says in which file an added edge is", "[why]") {
  Specs specs("web, x required_by web");
  specs["x"].file = "/etc/zinit/services/x.toml";
  FakeWorld w(specs);
  w.life = [](const std::string& name, int) {
    Life life;
    life.spawn_takes = Milliseconds(name == "x" ? 60000 : 0);
    return life;
  };
  w.boot();
  const auto waiting = waiting_on(w.world, w.slot("web"), w.now);
  REQUIRE(waiting.size() == 1);
  CHECK_THAT(waiting.front().reason,
             Catch::EndsWith(" (required_by, in /etc/zinit/services/x.toml)"));
}

}  // namespace
}  // namespace zinit::test::model_reverse_edges
