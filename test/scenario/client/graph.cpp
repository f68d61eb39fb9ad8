// zinitctl graph: the dependencies as Graphviz text and as a picture.
#include "scenario/harness.hpp"

namespace client_graph_test {

using namespace zinit::test;
using Catch::Contains;
using Catch::StartsWith;

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
  CHECK((*json)[2]["requires"].texts() == std::vector<std::string>{"db"});
  CHECK(zinit.ctl({"graph", "--svg", "--dot"}).code == 2);
}

}  // namespace client_graph_test
