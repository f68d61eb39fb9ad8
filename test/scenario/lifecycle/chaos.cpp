// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Random requests and deaths; afterwards the graph must settle.
#include "scenario/harness.hpp"
#include "scenario/harness/random_graph.hpp"

namespace zinit::test::lifecycle_chaos {
namespace {

/// A random request, or a death.
void disturb(Server& zinit, Connection& client, Dice& dice, int services) {
  const std::string name = name_of(roll(dice, services));
  switch (roll(dice, 8)) {
    case 0:
    case 1: client.call("service.start", named(name)); break;
    case 2: client.call("service.stop", named(name)); break;
    case 3: client.call("service.restart", named(name)); break;
    case 4: client.result("service.reload"); break;
    default: {
      const auto children = children_of(zinit.pid());
      if (!children.empty())
        kill(children[static_cast<std::size_t>(roll(dice, static_cast<int>(children.size())))],
             SIGKILL);
    }
  }
}

TEST_CASE("after random requests and deaths the graph settles and holds what it promises",
          "[check][threads][chaos]") {
  const unsigned seed = seed_of_this_run();
  INFO("ZINIT_TEST_SEED=" << seed);
  Dice dice(seed);
  constexpr int kServices = 25;
  Server zinit;
  for (int i = 0; i < kServices; ++i) zinit.add(name_of(i), random_service(dice, i));
  zinit.boot();
  Watch watch(zinit);
  std::vector<Connection> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(zinit.connect());
  for (int i = 0; i < 400; ++i)
    disturb(zinit, clients[static_cast<std::size_t>(roll(dice, 4))], dice, kServices);
  watch.changes();
  await_rest(zinit);
  check_settled(zinit.result("service.list_full").elements(), zinit.pid());
}

TEST_CASE("two clients that ask opposite things at once leave a defined state",
          "[threads][chaos]") {
  Server zinit;
  zinit.add("db", {.lifecycle = "restart_delay_ms = 1"});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.boot({"web"});
  Connection one = zinit.connect(), two = zinit.connect();
  for (int i = 0; i < 50; ++i) {
    const char* name = i % 2 == 0 ? "db" : "web";
    one.begin("service.start", named(name));
    two.begin("service.stop", R"(["db"])");
    CHECK(one.read().has("result"));
    CHECK(two.read().has("result"));
  }
  zinit.await_settled();
  const Json db = zinit.status("db"), web = zinit.status("web");
  if (db["wish"] == "up") {
    CHECK(db["state"] == "running");
  } else {
    // A start that was given up before its process was made leaves it inactive.
    CHECK((db["state"] == "exited" || db["state"] == "inactive"));
    CHECK(web["wish"] == "down");
  }
  CHECK(zinit.start("web")["state"] == "running");
  CHECK(zinit.state("db") == "running");
}

TEST_CASE("a stop and a start at every moment of a start are carried out", "[threads][chaos]") {
  Server zinit;
  zinit.add("gate", {.exec = "sleep 0.05", .service = "oneshot = true"});
  zinit.add("a", {.exec = "sleep 100000", .dependencies = "requires = ['gate']"});
  zinit.boot();
  Dice dice(1);
  const auto some_time = [&] {
    for (int i = roll(dice, 200); i > 0; --i) zinit.result("system.ping");
  };
  for (int i = 0; i < 30; ++i) {
    zinit.begin_start("a");
    some_time();
    zinit.begin_stop("a");
    some_time();
    if (i % 3 == 0) zinit.begin_restart("gate");
  }
  const std::string rest = zinit.stop("a")["state"].text();
  CHECK((rest == "exited" || rest == "inactive"));
  CHECK(zinit.start("a")["state"] == "running");
}

}  // namespace
}  // namespace zinit::test::lifecycle_chaos
