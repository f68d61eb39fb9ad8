// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl's drawings: the time line of a boot, and the graph of dependencies.
#include "client/bootchart.hpp"
#include "client/graph_drawing.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_drawing {
namespace {

const std::string kBoot =
    R"([{"name":"db","wanted_us":100000,"spawned_us":100000,"ready_us":900000,"state":"running",)"
    R"("waited_for":null},)"
    R"({"name":"fails","wanted_us":100000,"spawned_us":200000,"ready_us":null,"state":"failed",)"
    R"("waited_for":null},)"
    R"({"name":"web","wanted_us":100000,"spawned_us":900000,"ready_us":1100000,)"
    R"("state":"running","waited_for":"db"},)"
    R"({"name":"never","wanted_us":100000,"spawned_us":null,"ready_us":null,"state":"blocked",)"
    R"("waited_for":null}])";

std::string info(const std::string& kernel_ms, const std::string& settled_ms) {
  return result(R"({"uptime_ms":2100,"boot":{"kernel_ms":)" + kernel_ms +
                R"(,"started_ms":90,"settled_ms":)" + settled_ms + "}}");
}

BootStep step(const std::string& name, std::optional<std::int64_t> ready,
              const std::string& waited_for) {
  BootStep made;
  made.name = name;
  made.ready_us = ready;
  made.waited_for = waited_for;
  return made;
}

ServiceStatus service(const std::string& name, const std::string& state, const Texts& requires_) {
  ServiceStatus status;
  status.name = name;
  status.state = StateWord(state);
  status.requires_ = requires_;
  return status;
}

TEST_CASE("the critical chain ends, whatever waited for whom", "[client]") {
  const auto chain = [](const std::vector<BootStep>& steps) { return critical_chain(steps); };
  using Flags = std::vector<bool>;
  CHECK(chain({}).empty());
  CHECK(chain({step("a", {}, "b"), step("b", {}, "")}) == Flags{false, false});
  CHECK(chain({step("a", 5, ""), step("b", 9, "gone"), step("c", 7, "a")}) ==
        Flags{false, true, false});
  CHECK(chain({step("a", 5, "b"), step("b", 9, "a"), step("c", 7, "a")}) ==
        Flags{true, true, false});
}

TEST_CASE("a boot as SVG has a box for each part of each service", "[client]") {
  CannedServer server({{"system.bootchart", result(kBoot)}, {"system.info", info("null", "2100")}});
  const std::string svg = server.run({"bootchart", "--svg"}).out;
  CHECK_THAT(svg, StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK_THAT(svg, Contains("<text class=\"critical\"") && Contains(">db</text>\n"));
  CHECK_THAT(svg, Contains("<rect class=\"failed\"") && Contains(">800 ms, 200 ms</text>"));
  CHECK_THAT(svg, Contains("<text class=\"tick\"") && Contains(">1.0 s</text>"));
  // The longest name fits.
  const auto long_name = std::string(100, 'n');
  const std::string wide = bootchart_svg({}, {step(long_name, 5, "")});
  CHECK(std::stoi(wide.substr(wide.find("width=\"") + 7)) > 1500);
  const std::string widest = bootchart_svg({}, {step(std::string(100, 'W'), 5, "")});
  CHECK(std::stoi(widest.substr(widest.find("width=\"") + 7)) > 780 + 1330);
  CHECK(svg.ends_with("</svg>\n"));
}

TEST_CASE("the graph as SVG has a box for each service and a path for each edge", "[client]") {
  CannedServer server(
      {{"service.list_full",
        result(R"([{"name":"db","state":"running","conflicts":["old"]},)"
               R"({"name":"old","state":"exited","conflicts":["db"]},)"
               R"({"name":"web","state":"failed","requires":["db"],"wants":["cache","db"],)"
               R"("after":["db","old"]}])")}});
  const std::string svg = server.run({"graph", "--svg"}).out;
  CHECK_THAT(svg, Contains("<rect class=\"failed\"") && Contains(">cache</text>"));
  CHECK_THAT(svg, Contains("<path class=\"conflicts\"") && Contains("<path class=\"wants\""));
}

TEST_CASE("names are no commands of a drawing", "[client]") {
  const std::vector<ServiceStatus> services = {service("a\"];x", "running", {"<b>&\x1b"})};
  CHECK_THAT(graph_dot(services), Contains("  \"a\\\"];x\" -> \"<b>&\\\\x1b\";\n"));
  CHECK_THAT(graph_svg(services), Contains(">&lt;b&gt;&amp;\\x1b</text>"));
}

TEST_CASE("in a drawn graph each service stands behind all that it depends on", "[client]") {
  // A circle's path contains "a", and an edge leads over a column.
  const std::string svg =
      graph_svg({service("d", "running", {"b", "c", "a"}), service("c", "running", {"b"}),
                 service("b", "running", {"a"}), service("x", "running", {"y"}),
                 service("y", "running", {"x"}), service("z", "running", {"y"})});
  const auto left_of = [&](const std::string& name) {
    const auto end = svg.find(">" + name + "</text>");
    const auto at = svg.rfind("x=\"", end);
    return std::stod(svg.substr(at + 3));
  };
  CHECK(left_of("a") < left_of("b"));
  CHECK(left_of("b") < left_of("c"));
  CHECK(left_of("c") < left_of("d"));
  CHECK(left_of("y") != left_of("x"));
  CHECK(left_of("z") > left_of("y"));
  // The lines from d to a pass the columns of c and b beside the boxes.
  CHECK(std::ranges::count(svg, 'H') >= 2);
  CHECK_THAT(svg, Contains(">conflicts with</text>"));
}

}  // namespace
}  // namespace zinit::test::client_drawing
