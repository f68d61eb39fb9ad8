// The clock of the wall jumps, and nothing that zinit waits for minds.

#include "base/format.hpp"
#include "support/catch.hpp"
#include "vm/machine.hpp"

namespace vm_clock_test {

using namespace zinit;
using namespace zinit::vm;

namespace {

constexpr long long kYear = 365LL * 24 * 3600;

void jump(Machine& machine, long long seconds) {
  machine.shell().output_of(fmt::format("date -s @$(($(date +%s) + {}))", seconds));
}

void set_clock(Machine& machine, const std::string& time) {
  machine.shell().output_of(fmt::format("date -u -s '{}'", time));
}

/// Waits until the timer has run so often, and is due at `next` then.
void await_runs(Machine& machine, int runs, const std::string& next) {
  machine.shell().repeat_until("echo $(wc -l </run/runs) runs", fmt::format("{} runs", runs));
  CHECK(machine.shell().output_of(
            "date -u -d @$(zinitctl --json timers | sed 's/.*nightly\",[^}]*next_us\":\\([0-9]*\\)"
            "[0-9]\\{6\\},.*/\\1/') '+%F %T'") == next + "\n");
}

}  // namespace

SCENARIO("timers go by a clock that is set, ahead and back") {
  GIVEN("a service that is started each night, and one whose time passed while it was off") {
    const std::string run =
        "[service]\noneshot = true\nexec = \"echo $ZINIT_SERVICE >>/run/runs\"\n";
    Machine machine({service("nightly", run + "[timer]\ncalendar = \"3:00\"\n"),
                     service("owed",
                             "[service]\noneshot = true\nexec = \"echo >>/run/owed\"\n"
                             "[timer]\ncalendar = \"yearly\"\npersistent = true\n"),
                     {"/var/lib/zinit/timers/owed", "1500000000000000 0\n"}});
    WHEN("the clock shows the time") {
      machine.shell().repeat_until("echo $(wc -l </run/owed) owed", "1 owed");
      // The nights of the years in between are due once, at once; this one is due in 5 s.
      set_clock(machine, "2031-06-01 02:59:55");
      await_runs(machine, 2, "2031-06-02 03:00:00");
      THEN("it runs once a night, once more if the night comes back, and once for all that pass") {
        set_clock(machine, "2031-06-01 23:00:00");
        set_clock(machine, "2031-06-01 02:59:55");
        await_runs(machine, 3, "2031-06-02 03:00:00");
        set_clock(machine, "2031-06-07 12:00:00");
        await_runs(machine, 4, "2031-06-08 03:00:00");
        machine.zinitctl("reexec");
        set_clock(machine, "2031-06-08 02:59:55");
        await_runs(machine, 5, "2031-06-09 03:00:00");
        CHECK(machine.shell().output_of("cat /run/owed | wc -l") == "2\n");
      }
    }
  }
}

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

}  // namespace vm_clock_test
