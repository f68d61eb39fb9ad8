// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl's drawings: the time line of a boot, and the graph of dependencies. dialogs.golden has
// one of each.
#include <regex>

#include "client/bootchart.hpp"
#include "client/graph_drawing.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_drawing {
namespace {

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

TEST_CASE("a boot as SVG is wide enough for the longest name", "[client]") {
  const auto width_with = [](char letter) {
    const std::string svg = bootchart_svg({}, {step(std::string(100, letter), 5, "")});
    return std::stoi(svg.substr(svg.find("width=\"") + 7));
  };
  CHECK(width_with('n') > 1500);
  CHECK(width_with('W') > 780 + 1330);
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

TEST_CASE("a line between services of the first column stays in the picture", "[client]") {
  ServiceStatus one = service("one", "running", {});
  one.conflicts = {"two"};
  const std::string svg = graph_svg({one, service("two", "running", {})});
  const std::regex line("M20 \\d+C(-?\\d+) \\d+ (-?\\d+) ");
  std::smatch found;
  REQUIRE(std::regex_search(svg, found, line));
  CHECK(std::stoi(found[1]) >= 0);
  CHECK(std::stoi(found[2]) >= 0);
}

}  // namespace
}  // namespace zinit::test::client_drawing
