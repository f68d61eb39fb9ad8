// Random requests and deaths, after which the graph must settle. The seed is printed;
// ZINIT_TEST_SEED repeats it.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "scenario/harness.hpp"

using namespace zinit::test;

namespace {

unsigned seed_of_this_run() {
  const char* given = std::getenv("ZINIT_TEST_SEED");
  return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                          : std::random_device{}();
}

using Dice = std::mt19937;

int roll(Dice& dice, int below) { return std::uniform_int_distribution<>(0, below - 1)(dice); }

std::string name_of(int i) { return "s" + std::to_string(i); }

/// A service that requires only such as come before it, so that there is no cycle.
Toml random_service(Dice& dice, int i) {
  Toml toml;
  toml.lifecycle = "restart_delay_ms = 10\nrestart_delay_max_ms = 50\nstop_timeout_ms = 300";
  const auto some_before = [&](int most) {
    std::set<std::string> names;
    for (int n = i == 0 ? 0 : roll(dice, most + 1); n > 0; --n)
      names.insert("'" + name_of(roll(dice, i)) + "'");
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return "[" + list + "]";
  };
  toml.dependencies = "requires = " + some_before(2) + "\nafter = " + some_before(1) +
                      "\nwants = " + some_before(1);
  // Some of these are refused, since they conflict with what they require: that is part of the
  // graph.
  if (i > 0 && roll(dice, 6) == 0)
    toml.dependencies += "\nconflicts = ['" + name_of(roll(dice, i)) + "']";
  switch (roll(dice, 6)) {
    case 0:
      toml.exec = "true";
      toml.service = "oneshot = true";
      break;
    case 1: toml.exec = "trap '' TERM; exec sleep 100000"; break;
    case 2: toml.exec = "while :; do sleep 1 & wait; done"; break;
    default: break;
  }
  return toml;
}

/// One request or death of a random kind.
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

/// The invariants of a settled graph (behaviour.md, "States" and "Dependencies").
void check_settled(const std::vector<Json>& all, pid_t server) {
  std::map<std::string, Json> by_name;
  for (const Json& status : all) by_name[status["name"].text()] = status;
  std::set<pid_t> known;
  for (const Json& status : all) {
    INFO(status);
    const std::string state = status["state"].text();
    const bool up = status["wish"] == "up";
    if (state == "running") {
      CHECK(up);
      for (const std::string& name : status["conflicts"].texts()) {
        CHECK(by_name[name]["state"] != Json::parse("\"running\"").value());
      }
      for (const std::string& name : status["requires"].texts()) {
        const Json& required = by_name[name];
        INFO("requires " << required);
        const std::string its = required["state"].text();
        const bool coming_back =
            required["wish"] == "up" && its == "blocked" && !required["restart_in_ms"].is_null();
        CHECK(
            (its == "running" || (its == "exited" && required["oneshot"] == true) || coming_back));
      }
    }
    if (!up) CHECK((state == "inactive" || state == "exited"));
    if (status["pid"].is_number()) known.insert(static_cast<pid_t>(status["pid"].number()));
  }
  for (const pid_t child : children_of(server)) {
    INFO("pid " << child << " " << proc_cmdline(child));
    CHECK(known.count(child) == 1);
  }
}

}  // namespace

TEST_CASE("after random requests and deaths the graph settles and holds what it promises",
          "[quick][chaos]") {
  const unsigned seed = seed_of_this_run();
  INFO("ZINIT_TEST_SEED=" << seed);
  std::printf("ZINIT_TEST_SEED=%u\n", seed);
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
  zinit.await_settled();
  // A delay may have been seen as rest; at rest nothing changes any more.
  const auto look = [&] {
    std::string text;
    for (const Json& s : zinit.result("service.list_full").elements()) {
      text += s["name"].dump() + s["state"].dump() + s["pid"].dump();
    }
    return text;
  };
  REQUIRE(eventually([&] {
    const std::string seen = look();
    return !eventually([&] { return look() != seen; }, 300ms);
  }));
  check_settled(zinit.result("service.list_full").elements(), zinit.pid());
}

TEST_CASE("two clients that ask opposite things at once leave a defined state", "[quick][chaos]") {
  Server zinit;
  zinit.add("db", {.lifecycle = "restart_delay_ms = 1"});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.boot();
  zinit.await_state("web", "running");
  Connection one = zinit.connect(), two = zinit.connect();
  for (int i = 0; i < 50; ++i) {
    const char* name = i % 2 == 0 ? "db" : "web";
    one.send(R"({"jsonrpc":"2.0","id":1,"method":"service.start","params":[")" + std::string(name) +
             "\"]}\n");
    two.send(R"({"jsonrpc":"2.0","id":1,"method":"service.stop","params":["db"]})"
             "\n");
    CHECK(one.read().has("result"));
    CHECK(two.read().has("result"));
  }
  zinit.await_settled();
  const Json db = zinit.status("db"), web = zinit.status("web");
  if (db["wish"] == "up") {
    CHECK(db["state"] == "running");
  } else {
    CHECK(db["state"] == "exited");
    CHECK(web["wish"] == "down");
  }
  CHECK(zinit.start("web")["state"] == "running");
  CHECK(zinit.state("db") == "running");
}

TEST_CASE("a stop and a start at every moment of a start are carried out", "[quick][chaos]") {
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
