// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Faults in a graph, and the plans of reloads from one set of specs to another.
#include "model/fake_world.hpp"
#include "support/test.hpp"

namespace zinit::test::model_graph_and_plan {
namespace {

GraphPtr graph_of(const std::string& text) {
  std::vector<GraphEntry> entries;
  std::uint32_t order = 0;
  for (const SpecPtr& spec : Specs(text).list()) entries.push_back({spec, kNoSlot, order++, false});
  return Graph::build(entries);
}

const Node& node(const GraphPtr& graph, const std::string& name) {
  return graph->node(graph->find(name));
}

std::string fault(const GraphPtr& graph, const std::string& name) {
  const Node& at = node(graph, name);
  return at.faults->empty() ? "" : at.faults->front();
}

using Fate = PlannedService::Fate;

Fate fate(const Plan& plan, const std::string& name) {
  for (const PlannedService& planned : plan.services)
    if (planned.name == name) return planned.fate;
  FAIL("no plan for " << name);
  return Fate::unchanged;
}

TEST_CASE("edges go both ways, and names that nothing has are told", "[graph]") {
  const GraphPtr graph = graph_of(
      "web requires db, web after net, web wants cache, web conflicts old, web requires nobody?, "
      "web after ghost?");
  CHECK(node(graph, "web").requires_ == Slots{graph->find("db")});
  CHECK(node(graph, "db").required_by == Slots{graph->find("web")});
  CHECK(node(graph, "net").ordered_before == Slots{graph->find("web")});
  CHECK(node(graph, "cache").wanted_by == Slots{graph->find("web")});
  CHECK(node(graph, "old").conflicts == Slots{graph->find("web")});
  CHECK(node(graph, "web").missing == Texts{"nobody"});
  CHECK(node(graph, "web").unknown == Texts{"ghost"});
}

TEST_CASE("each service on a cycle of requires and after is refused with the path, others go on",
          "[graph]") {
  const GraphPtr graph = graph_of("a requires b, b after c, c requires a, d requires a, e");
  CHECK(fault(graph, "a").find("a -> b -> c -> a") != std::string::npos);
  CHECK(fault(graph, "b").find("b -> c -> a -> b") != std::string::npos);
  CHECK(fault(graph, "c").find("c -> a -> b -> c") != std::string::npos);
  CHECK(fault(graph, "d").empty());
  CHECK(fault(graph, "e").empty());
}

TEST_CASE("a long cycle is told by its first steps, one of ten whole", "[graph]") {
  const auto ring = [](int size) {
    std::string text;
    for (int i = 0; i < size; ++i)
      text += "s" + std::to_string(i) + " requires s" + std::to_string((i + 1) % size) + ", ";
    return graph_of(text.substr(0, text.size() - 2));
  };
  CHECK(fault(ring(10), "s3")
            .find("s3 -> s4 -> s5 -> s6 -> s7 -> s8 -> s9 -> s0 -> s1 -> s2 -> s3;") !=
        std::string::npos);
  CHECK(fault(ring(11), "s0")
            .find("s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> s6 -> s7 -> ... (3 more) ... -> s0;") !=
        std::string::npos);
  const GraphPtr large = ring(3000);
  std::size_t told = 0;
  for (int i = 0; i < 3000; ++i) told += fault(large, "s" + std::to_string(i)).size();
  CHECK(fault(large, "s2999").find("s2999 -> s0 -> s1 ") != std::string::npos);
  CHECK(fault(large, "s2999").find(" -> s6 -> ... (2992 more) ... -> s2999;") != std::string::npos);
  CHECK(told < 3000 * 200);
}

TEST_CASE("wants makes no cycle", "[graph]") {
  const GraphPtr graph = graph_of("a wants b, b wants a, b requires a");
  CHECK(fault(graph, "a").empty());
  CHECK(fault(graph, "b").empty());
}

TEST_CASE("a service that names itself is refused", "[graph]") {
  for (const std::string kind : {"requires", "after", "wants", "conflicts"}) {
    INFO(kind);
    CHECK_FALSE(fault(graph_of("a " + kind + " a"), "a").empty());
  }
}

TEST_CASE("a conflict inside what a service requires is refused for that service alone",
          "[graph]") {
  const GraphPtr near = graph_of("a requires b, a conflicts b");
  CHECK_FALSE(fault(near, "a").empty());
  CHECK(fault(near, "b").empty());
  CHECK_THAT(fault(graph_of("a requires b?, a conflicts b?"), "a"),
             Catch::EndsWith("both requires b and conflicts with it; remove one of the two"));
  const GraphPtr far = graph_of("a requires b, b requires c, c conflicts a");
  CHECK_FALSE(fault(far, "a").empty());
  CHECK(fault(far, "b").empty());
  CHECK(fault(far, "c").empty());
  const GraphPtr two =
      graph_of("top requires x, top requires y, x requires x2, y requires y2, x2 conflicts y2");
  CHECK_FALSE(fault(two, "top").empty());
  for (const char* name : {"x", "y", "x2", "y2"}) CHECK(fault(two, name).empty());
}

TEST_CASE("a chain of ten thousand is built and started without deep recursion", "[graph]") {
  Specs specs;
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

TEST_CASE("a reload tells added, changed, removed and unchanged apart", "[plan]") {
  Specs before("a, b, c requires a");
  FakeWorld w(before);
  Specs after("a, b, d");
  after["b"].exec.argv = {"/bin/other"};
  after["a"].description = "new words";
  const Plan planned =
      plan(*w.world.graph, after.list(), std::vector<bool>(w.world.graph->slots(), false));
  CHECK(fate(planned, "a") == Fate::settings);
  CHECK(fate(planned, "b") == Fate::restart);
  CHECK(fate(planned, "c") == Fate::removed);
  CHECK(fate(planned, "d") == Fate::added);
  CHECK_FALSE(planned.graph->used(planned.graph->find("c")));
}

TEST_CASE("a file that became wrong leaves its service on the old config, marked", "[plan]") {
  FakeWorld w("web requires db");
  w.boot();
  w.settle();
  Specs after("web requires db");
  after["web"].findings.edit().errors = {"web.toml:1:1: error: service.exec: is empty"};
  w.reload(after);
  w.settle();
  CHECK(w.state("web") == State::running);
  CHECK(w.spawns("web") == 1);
  const ServiceSpec& spec = w.world.spec(w.slot("web"));
  CHECK_FALSE(spec.broken());
  CHECK(spec.findings->warnings.size() == 2);
}

TEST_CASE("a wrong file that no longer says its service's name leaves that service as it was",
          "[plan]") {
  Specs before("web");
  before["web"].file = "x.toml";
  FakeWorld w(before);
  w.boot();
  w.settle();
  Specs after("x");
  after["x"].file = "x.toml";
  after["x"].findings.edit().errors = {"x.toml:1:1: error: no TOML"};
  w.reload(after);
  w.settle();
  CHECK(w.states() == "web=running ");
  CHECK(w.spawns("web") == 1);
  CHECK(w.world.spec(w.slot("web")).findings->warnings.size() == 2);

  SECTION("unless another file has the name now") {
    Specs moved("x, web");
    moved["x"] = after["x"];
    moved["web"].file = "y.toml";
    w.reload(moved);
    w.settle();
    CHECK(w.states() == "x=failed web=running ");
  }
  SECTION("and is removed with the file") {
    w.reload(Specs(""));
    w.settle();
    CHECK(w.world.node(w.slot("web")).removed);
  }
}

TEST_CASE("a reload that would close a cycle is refused for what changed, and disturbs nobody",
          "[plan]") {
  FakeWorld w("a requires b, b");
  w.boot();
  w.settle();
  w.reload(Specs("a requires b, b requires a"));
  w.settle();
  CHECK(w.states() == "a=running b=running ");
  CHECK(w.spawns("a") == 1);
  CHECK(w.spawns("b") == 1);
}

TEST_CASE("an added service that closes a cycle is refused, not those that run", "[plan]") {
  FakeWorld w("a after b?");
  w.boot();
  w.settle();
  w.reload(Specs("a after b, b requires a"));
  w.settle();
  CHECK(w.state("a") == State::running);
  CHECK(w.spawns("a") == 1);
  CHECK(w.state("b") == State::failed);
  CHECK(w.record("b").reason.type == ReasonType::config_error);
}

TEST_CASE("a change that puts an unchanged dependent at fault is refused itself", "[plan]") {
  FakeWorld w("d requires a, d requires b");
  w.boot();
  w.settle();
  w.reload(Specs("d requires a, d requires b, a conflicts b"));
  w.settle();
  CHECK(w.states() == "d=running a=running b=running ");
  CHECK(w.world.node(w.slot("d")).faults->empty());
  CHECK_FALSE(w.world.spec(w.slot("a")).findings->warnings.empty());
  w.stop("a");  // the edge still exists
  w.settle();
  CHECK(w.state("d") != State::running);
}

TEST_CASE("what is refused is told at a place in its own file", "[plan]") {
  const auto file_and_place = [](Specs& specs, const std::string& name) {
    specs[name].file = name + ".toml";
    Dependencies& all = specs[name].dependencies.edit();
    for (auto* list : {&all.requires_, &all.conflicts})
      for (Dependency& each : *list) each.at = {5, 11, 0};
  };
  const auto refused = [&](const std::string& before, const std::string& after, const char* wrong) {
    Specs old(before);
    for (const char* name : {"b", "c", "d"}) file_and_place(old, name);
    FakeWorld w(old);
    w.boot();
    Specs specs(after);
    for (const char* name : {"b", "c", "d"}) file_and_place(specs, name);
    if (*wrong != '\0')
      specs[wrong].findings.edit().errors = {std::string(wrong) + ".toml:3:1: error: wrong"};
    w.reload(specs);
    const auto& warnings = w.world.spec(w.slot("c")).findings->warnings;
    REQUIRE(warnings.size() == 2);
    return warnings[0];
  };
  // b's file is wrong, and b's old config makes a cycle with c's new config.
  CHECK_THAT(refused("b requires c, c, d", "b, c requires b, d", "b"),
             Catch::StartsWith("c.toml:5:11: error: dependencies.requires: a cycle: c -> b"));
  // d has not changed, and only c's new config makes it wrong.
  CHECK_THAT(
      refused("d requires b, d requires c, b, c", "d requires b, d requires c, c conflicts b", ""),
      Catch::StartsWith("c.toml:5:11: error: dependencies.conflicts: d requires "));
}

TEST_CASE("what is removed stops after its dependents, which then miss it until it is back",
          "[plan]") {
  FakeWorld w("web requires db");
  w.boot();
  w.settle();
  Specs without;
  without["web"].dependencies.edit().requires_.push_back({"db", {}});
  w.reload(without);
  w.settle();
  CHECK(w.faults().empty());
  CHECK(w.state("web") == State::failed);
  CHECK(w.record("web").reason.type == ReasonType::missing_dependency);
  w.reload(Specs("web requires db"));
  w.settle();
  CHECK(w.state("web") == State::running);
  CHECK(w.state("db") == State::running);
}

TEST_CASE("a wrong file that is wrong under another name then is listed under that one", "[plan]") {
  const auto wrong = [](const std::string& name, const std::string& file) {
    Specs specs("good, " + name);
    specs[name].file = file;
    specs[name].findings.edit().errors = {file + ":1:1: error: of " + name};
    return specs;
  };
  FakeWorld w(wrong("n", "f.toml"));
  w.boot();
  w.settle();
  const auto listed = [&](const std::string& name) {
    w.settle();
    CHECK(w.states() == "good=running " + name + "=failed ");
    CHECK(w.record(name).reason.type == ReasonType::config_error);
    CHECK_THAT(w.record(name).reason.messages.at(0), Catch::EndsWith("of " + name));
  };
  w.reload(wrong("f", "f.toml"));
  listed("f");
  w.reload(wrong("g", "g.toml"));  // another file
  listed("g");
  Specs itself("good, o");
  itself["o"].file = "g.toml";
  itself["o"].dependencies.edit().after.push_back({"o", {}});
  w.reload(itself);
  w.settle();
  CHECK(w.states() == "good=running o=failed ");
  CHECK_FALSE(w.record("o").reason.messages.empty());
}

TEST_CASE("a wrong file that is wrong in another way is shown as that, whatever its status",
          "[plan]") {
  Specs specs("web");
  specs["web"].status = StartStatus::stop;
  specs["web"].findings.edit().errors = {"web.toml:1:1: error: one"};
  FakeWorld w(specs);
  w.boot();
  specs["web"].findings.edit().errors = {"web.toml:1:1: error: two"};
  w.reload(specs);
  w.settle();
  CHECK(w.states() == "web=failed ");
  CHECK(w.record("web").reason.messages == specs["web"].findings->errors);
}

TEST_CASE("of the files that were refused one after the other the last one's faults are told",
          "[plan]") {
  Specs specs("web");
  specs["web"].findings.edit().warnings = {"web.toml:1:1: warning: its own"};
  FakeWorld w(specs);
  w.boot();
  for (const char* fault : {"web.toml:1:1: error: one", "web.toml:1:1: error: two"}) {
    Specs wrong("web");
    wrong["web"].findings.edit().errors = {fault};
    for (int twice = 0; twice < 2; ++twice) {
      w.reload(wrong);
      const auto& warnings = w.world.spec(w.slot("web")).findings->warnings;
      REQUIRE(warnings.size() == 3);
      CHECK(warnings[0] == "web.toml:1:1: warning: its own");
      CHECK(warnings[1] == fault);
    }
  }
}

TEST_CASE("a mended file is tried at once", "[plan]") {
  Specs wrong("web");
  wrong["web"].findings.edit().errors = {"web.toml:1:1: error"};
  FakeWorld w(wrong);
  w.boot();
  CHECK(w.state("web") == State::failed);
  w.reload(Specs("web"));
  w.settle();
  CHECK(w.state("web") == State::running);
}

TEST_CASE("a mended file is tried at once where something up needs it, whatever its status",
          "[plan]") {
  Specs wrong("web requires db, web wants cache");
  for (const char* name : {"db", "cache"}) {
    wrong[name].status = StartStatus::stop;
    wrong[name].findings.edit().errors = {"db.toml:1:1: error"};
  }
  FakeWorld w(wrong);
  w.start("web");
  CHECK(w.state("web") == State::failed);
  Specs mended("web requires db, web wants cache");
  for (const char* name : {"db", "cache"}) mended[name].status = StartStatus::stop;
  w.reload(mended);
  w.settle();
  CHECK(w.state("db") == State::running);
  CHECK(w.state("cache") == State::running);
  CHECK(w.state("web") == State::running);
}

TEST_CASE("a removed name that comes back while its old process stops is stopped first", "[plan]") {
  FakeWorld w("web");
  w.life = [](const std::string&, int) {
    Life life;
    life.dies_in = Milliseconds(1000);
    return life;
  };
  w.boot();
  w.settle();
  w.reload(Specs("other"));
  CHECK(w.state("web") == State::stopping);
  w.reload(Specs("web, other"));
  w.settle();
  CHECK(w.faults().empty());
  CHECK(w.state("web") == State::running);
  CHECK(w.spawns("web") == 2);
}

}  // namespace
}  // namespace zinit::test::model_graph_and_plan
