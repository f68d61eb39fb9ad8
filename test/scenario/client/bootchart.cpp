// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The time spent by a boot: system.bootchart, zinitctl bootchart.
#include "scenario/harness.hpp"
namespace zinit::test::client_bootchart {
namespace {

/// The steps of the boot by name, once it has settled.
std::map<std::string, Json> steps_of(Server& zinit) {
  REQUIRE(
      eventually([&] { return zinit.result("system.info")["boot"]["settled_ms"].is_number(); }));
  std::map<std::string, Json> steps;
  for (const Json& step : zinit.result("system.bootchart").elements())
    steps[step["name"].text()] = step;
  return steps;
}

/// db takes a moment, web waits for db and is the last to be ready.
void add_chain(Server& zinit) {
  zinit.add("db", {.exec = "sleep 0.2", .service = "oneshot = true"});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.add("alone");
}

TEST_CASE("a boot's chart tells when each service of the boot was spawned and ready, and is drawn",
          "[bootchart]") {
  Server zinit;
  add_chain(zinit);
  zinit.add("stopped", {.service = "status = 'stop'"});
  zinit.boot({"web"});
  auto steps = steps_of(zinit);
  REQUIRE(steps.size() == 3);  // only services that the boot has started
  for (const auto& [name, step] : steps) {
    INFO(name);
    CHECK(step.members() ==
          Texts{"name", "ready_us", "spawned_us", "state", "waited_for", "wanted_us"});
    CHECK(step["wanted_us"].number() > 0);
    CHECK(step["spawned_us"].number() >= step["wanted_us"].number());
    CHECK(step["ready_us"].number() >= step["spawned_us"].number());
  }
  CHECK(steps["web"]["spawned_us"].number() >= steps["db"]["ready_us"].number());
  CHECK(steps["web"]["waited_for"] == "db");
  CHECK(steps["db"]["waited_for"].is_null());
  CHECK(steps["db"]["state"] == "exited");
  CHECK(steps["web"]["state"] == "running");
  const Json info = zinit.result("system.info");
  CHECK(steps["web"]["ready_us"].number() / 1000 <= info["boot"]["settled_ms"].number() + 1);

  const Outcome drawn = zinit.ctl({"bootchart"});
  CHECK(drawn.code == 0);
  CHECK_THAT(drawn.out, StartsWith("zinit ") && Contains("after zinit's start\n"));
  CHECK(lines_of(drawn.out).size() == 6);
  CHECK_THAT(drawn.out, Contains("\n* db ") && Contains("\n* web ") && Contains("\n  alone "));
  CHECK(Json::parse(zinit.ctl({"bootchart", "--json"}).out).value().size() == 3);
  CHECK_THAT(zinit.ctl({"bootchart", "--svg"}).out, StartsWith("<svg ") && Contains(">web</text>"));
  CHECK(zinit.ctl({"bootchart", "web"}).code == 2);
}

TEST_CASE("what the boot could not start has no times, and what waited for its failure says so",
          "[bootchart]") {
  Server zinit;
  zinit.add("bad", {.exec = "sleep 0.1; exit 3",
                    .lifecycle = "restart = 'never'",
                    .more = "[readiness]\nnotify = 'systemd'\n"});
  zinit.add("needs", {.dependencies = "requires = ['bad']"});
  zinit.add("after", {.dependencies = "after = ['bad']"});
  zinit.boot({"after"});
  auto steps = steps_of(zinit);
  CHECK(steps["bad"]["spawned_us"].is_number());
  CHECK(steps["bad"]["ready_us"].is_null());
  CHECK(steps["bad"]["state"] == "failed");
  CHECK(steps["needs"]["spawned_us"].is_null());
  CHECK(steps["needs"]["ready_us"].is_null());
  CHECK(steps["after"]["waited_for"] == "bad");
}

TEST_CASE("what happens after the boot changes nothing of its chart", "[bootchart]") {
  Server zinit;
  add_chain(zinit);
  zinit.boot({"web"});
  auto before = steps_of(zinit);
  zinit.restart("alone");
  zinit.add("late");
  zinit.reload();
  zinit.await_state("late", "running");
  auto after = steps_of(zinit);
  CHECK(after.size() == 3);
  CHECK(after["alone"] == before["alone"]);
  zinit.remove("alone");
  zinit.reload();
  CHECK(eventually([&] { return steps_of(zinit).size() == 2; }));
}

TEST_CASE("a boot's chart is that of the first image, after re-executions and crashes too",
          "[check][bootchart][reexec]") {
  Server zinit;
  add_chain(zinit);
  zinit.boot({"web"});
  steps_of(zinit);
  const Json before = zinit.result("system.bootchart");
  zinit.reexecute();
  CHECK(zinit.result("system.bootchart") == before);
  crash(zinit);
  CHECK(zinit.result("system.bootchart") == before);
}

}  // namespace
}  // namespace zinit::test::client_bootchart
