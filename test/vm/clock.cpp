// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The wall clock jumps, and no wait of zinit changes.
#include "base/format.hpp"
#include "vm/machine.hpp"

namespace zinit::vm::clock {
namespace {

constexpr long long kYear = 365LL * 24 * 3600;

void jump(Machine& machine, long long seconds) {
  machine.shell().output_of(fmt::format("date -s @$(($(date +%s) + {}))", seconds));
}

void set_clock(Machine& machine, const std::string& time) {
  machine.shell().output_of(fmt::format("date -u -s '{}'", time));
}

/// Waits until the timer has run that often, and is then due at `next`.
void await_runs(Machine& machine, int runs, const std::string& next) {
  machine.shell().repeat_until("echo $(wc -l </run/runs) runs", fmt::format("{} runs", runs));
  CHECK(machine.shell().output_of(
            "date -u -d @$(zinitctl --json timers | sed 's/.*nightly\",[^}]*next_us\":\\([0-9]*\\)"
            "[0-9]\\{6\\},.*/\\1/') '+%F %T'") == next + "\n");
}

const std::string kRun = "[service]\noneshot = true\nexec = \"echo $ZINIT_SERVICE >>/run/runs\"\n";

/// After a start it waits some time for its re-spawn.
File again(const std::string& name) {
  return service(name,
                 "[service]\nexec = \"exit 1\"\nstatus = \"stop\"\n"
                 "[lifecycle]\nrestart_delay_ms = 20000\n");
}

std::vector<File> services() {
  return {service("nightly", kRun + "[timer]\ncalendar = \"3:00\"\n"),
          // Its time passed while the machine was off.
          service("owed",
                  "[service]\noneshot = true\nexec = \"echo >>/run/owed\"\n"
                  "[timer]\ncalendar = \"yearly\"\npersistent = true\n"),
          {"/var/lib/zinit/timers/owed", "1500000000000000 0\n"},
          again("again-ahead"),
          again("again-back"),
          service("steady", "[service]\nexec = \"sleep 100000\"\n"),
          service("deaf",
                  "[service]\nexec = \"trap '' TERM; while :; do sleep 1; done\"\n"
                  "[lifecycle]\nstop_timeout_ms = 3000\n")};
}

/// A timer runs once a night, again if the night comes back, and once for all skipped nights.
void check_timers(Machine& machine) {
  machine.shell().repeat_until("echo $(wc -l </run/owed) owed", "1 owed");
  // The skipped nights are due once, at once; this night is due in 5 s.
  set_clock(machine, "2031-06-01 02:59:55");
  await_runs(machine, 2, "2031-06-02 03:00:00");
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

/// A service that waits for its re-spawn, one that runs and one that does not stop take exactly
/// their delays and timeouts.
void check_jump(Machine& machine, const std::string& name, long long by) {
  machine.zinitctl("start --no-wait deaf");
  machine.zinitctl("wait steady deaf --for running --timeout 120");
  const long long uptime = machine.ask("status steady")["uptime_ms"].GetInt64();
  machine.zinitctl("start --no-wait " + name);
  machine.shell().repeat_until("zinitctl --json status " + name, "\"restart_in_ms\"");
  const JsonDocument before = machine.ask("status " + name);
  REQUIRE(std::string(before["state"].GetString()) == "blocked");
  REQUIRE(before["restart_count"].GetInt() == 0);
  jump(machine, by);
  const JsonDocument waiting = machine.ask("status " + name);
  CHECK(waiting["restart_count"].GetInt() == 0);
  CHECK(waiting["restart_in_ms"].GetInt() <= before["restart_in_ms"].GetInt());
  const long long later = machine.ask("status steady")["uptime_ms"].GetInt64();
  CHECK(later >= uptime);
  CHECK(later < uptime + 60000);
  machine.zinitctl("stop deaf --timeout 60");
  CHECK(std::string(machine.ask("status deaf")["last_exit"]["signal"].GetString()) == "SIGKILL");
  machine.shell().repeat_until("zinitctl --json status " + name, "\"restart_count\":1");
  jump(machine, -by);
  CHECK(machine.zinitctl("ping").find("pid 1") != std::string::npos);
  machine.zinitctl("restart steady --timeout 60");
  machine.zinitctl("stop " + name);
}

SCENARIO("a clock that jumps fires timers that are due, no other, and moves no delay or timeout") {
  Machine machine(services());
  step("timers go by a clock that is set, ahead and back", [&] { check_timers(machine); });
  step("the clock is set a year ahead", [&] { check_jump(machine, "again-ahead", kYear); });
  step("the clock is set a year back", [&] { check_jump(machine, "again-back", -kYear); });
}

}  // namespace
}  // namespace zinit::vm::clock
