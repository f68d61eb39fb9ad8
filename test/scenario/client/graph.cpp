// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl graph: the dependencies as Graphviz text and as a picture.
#include "scenario/harness.hpp"
namespace zinit::test::client_graph {

TEST_CASE("zinitctl graph draws the dependencies", "[check][graph]") {
  Server zinit;
  zinit.add("db");
  zinit.add("web", {.dependencies = "requires = ['db']\nwants = ['cache']"});
  zinit.file("all.toml", "[target]\n[dependencies]\nwants = ['web']\n");
  zinit.boot({"web", "all"});
  const Outcome dot = zinit.ctl({"graph"});
  CHECK(dot.code == 0);
  CHECK_THAT(dot.out, StartsWith("digraph zinit {\n"));
  CHECK_THAT(dot.out, Contains("  \"web\" -> \"db\";\n"));
  CHECK_THAT(dot.out, Contains("  \"web\" -> \"cache\" [style=dashed];\n"));
  CHECK_THAT(dot.out, Contains("  \"all\" -> \"web\" [style=dashed];\n"));
  CHECK(zinit.ctl({"graph", "--dot"}).out == dot.out);
  const Outcome svg = zinit.ctl({"graph", "--svg"});
  CHECK(svg.code == 0);
  CHECK_THAT(svg.out, StartsWith("<svg ") && Contains("<rect class=\"running\"") &&
                          Contains(">cache</text>"));
  const auto json = Json::parse(zinit.ctl({"graph", "--json"}).out);
  REQUIRE(json);
  REQUIRE(json->size() == 3);
  CHECK((*json)[2]["requires"].texts() == Texts{"db"});
  CHECK(zinit.ctl({"graph", "--svg", "--dot"}).code == 2);
}

TEST_CASE("graph draws what is around a service", "[graph]") {
  Server zinit;
  zinit.add("db");
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.add("edge", {.dependencies = "wants = ['web']"});
  zinit.add("other", {.dependencies = "requires = ['db']"});
  zinit.boot({"edge", "other"});
  const auto names = [&](Texts words) {
    words.insert(words.begin(), {"--json", "graph"});
    std::string found;
    const auto list = Json::parse(zinit.ctl(words).out);
    for (std::size_t i = 0; list && i < list->size(); ++i) found += (*list)[i]["name"].text() + " ";
    return found;
  };
  CHECK(names({"web"}) == "db edge web ");  // not other services that depend on db
  CHECK(names({"db", "--depth", "1"}) == "db other web ");
  CHECK(names({"e*", "--depth", "0"}) == "edge ");
  CHECK_THAT(zinit.ctl({"graph", "web"}).out, Contains("\"edge\" -> \"web\""));
  CHECK(zinit.ctl({"graph", "wbe"}).code == 4);
  CHECK(zinit.ctl({"graph", "--depth", "1"}).code == 2);
}

}  // namespace zinit::test::client_graph
