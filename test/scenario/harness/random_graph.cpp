// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Random services and their invariants: see random_graph.hpp.
#include "scenario/harness/random_graph.hpp"
#include "scenario/harness.hpp"

namespace zinit::test {

unsigned seed_of_this_run() {
  const char* given = std::getenv("ZINIT_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10))
                                         : std::random_device{}();
  std::printf("ZINIT_TEST_SEED=%u\n", seed);
  return seed;
}

int roll(Dice& dice, int below) { return std::uniform_int_distribution<>(0, below - 1)(dice); }

std::string name_of(int i) { return "s" + std::to_string(i); }

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
  // zinit refuses some of these, because they conflict with a requirement: such services are part
  // of the graph.
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

void check_settled(const std::vector<Json>& all, pid_t server, bool reloaded) {
  std::map<std::string, Json> by_name;
  for (const Json& status : all) by_name[status["name"].text()] = status;
  std::set<pid_t> known;
  for (const Json& status : all) {
    INFO(status);
    const std::string state = status["state"].text();
    const bool up = status["wish"] == "up";
    if (state == "running") {
      CHECK(up);
      for (const std::string& name : status["conflicts"].texts())
        if (!reloaded) CHECK(by_name[name]["state"] != Json::parse("\"running\"").value());
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

void await_rest(Server& zinit) {
  zinit.await_settled();
  const auto look = [&] {
    std::string text;
    for (const Json& s : zinit.result("service.list_full").elements())
      text += s["name"].dump() + s["state"].dump() + s["pid"].dump();
    return text;
  };
  REQUIRE(eventually([&] {
    const std::string seen = look();
    return !eventually([&] { return look() != seen; }, 300ms);
  }));
}

}  // namespace zinit::test
