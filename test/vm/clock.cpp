// The clock of the wall jumps, and nothing that zinit waits for minds.

#include <catch2/catch.hpp>

#include "base/format.hpp"
#include "vm/machine.hpp"

using namespace zinit;
using namespace zinit::vm;

namespace {

constexpr long long kYear = 365LL * 24 * 3600;

void jump(Machine& machine, long long seconds) {
  machine.shell().output_of(fmt::format("date -s @$(($(date +%s) + {}))", seconds));
}

}  // namespace

SCENARIO("a clock set a year ahead or back fires no timer early or late, and uptimes are right") {
  const long long by = GENERATE(kYear, -kYear);
  GIVEN("a service that waits for its re-spawn, one that runs, and one that will not stop") {
    Machine machine(
        {service("again", "[service]\nexec = \"exit 1\"\n[lifecycle]\nrestart_delay_ms = 20000\n"),
         service("steady", "[service]\nexec = \"sleep 100000\"\n"),
         service("deaf",
                 "[service]\nexec = \"trap '' TERM; while :; do sleep 1; done\"\n"
                 "[lifecycle]\nstop_timeout_ms = 3000\n")});
    machine.zinitctl("wait steady deaf --for running --timeout 120");
    const JsonDocument before = machine.ask("status again");
    REQUIRE(std::string(before["state"].GetString()) == "blocked");
    REQUIRE(before["restart_count"].GetInt() == 0);
    WHEN("the clock jumps") {
      const long long uptime = machine.ask("status steady")["uptime_ms"].GetInt64();
      jump(machine, by);
      THEN("delays and timeouts take their time, and no more") {
        const JsonDocument waiting = machine.ask("status again");
        CHECK(waiting["restart_count"].GetInt() == 0);
        CHECK(waiting["restart_in_ms"].GetInt() <= before["restart_in_ms"].GetInt());
        const long long later = machine.ask("status steady")["uptime_ms"].GetInt64();
        CHECK(later >= uptime);
        CHECK(later < uptime + 60000);
        machine.zinitctl("stop deaf --timeout 60");
        CHECK(std::string(machine.ask("status deaf")["last_exit"]["signal"].GetString()) ==
              "SIGKILL");
        machine.shell().repeat_until("zinitctl --json status again", "\"restart_count\":1");
        jump(machine, -by);
        CHECK(machine.zinitctl("ping").find("pid 1") != std::string::npos);
        machine.zinitctl("restart steady --timeout 60");
      }
    }
  }
}
