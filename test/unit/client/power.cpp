// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// poweroff, reboot, halt, shutdown and SysV's init, against a server with canned answers.
#include "base/format.hpp"
#include "client/commands.hpp"
#include "client/times.hpp"
#include "support/test.hpp"
#include "unit/client/zinitctl.hpp"

namespace zinit::test::client_power {
namespace {

// 2026-01-31 12:00:30 UTC
constexpr std::int64_t kNow = 1'769'860'830'000'000;
constexpr std::int64_t kMinute = 60'000'000;

/// A machine that records how it was ended.
struct FakeMachine {
  std::vector<PowerAction> ends;
  Machine machine{[this](PowerAction end) -> Result<void> {
                    ends.push_back(end);
                    return {};
                  },
                  kNow};
};

Ran run_power(std::string_view name, Texts words, const Machine& machine) {
  StringPrinter printer;
  const int status = power_command(name, std::move(words), printer, machine);
  return {status, printer.out_, printer.err_};
}

CannedServer all_ends() {
  return CannedServer({{"system.poweroff", result("{\"ok\":true}")},
                       {"system.shutdown", result("{\"ok\":true}")},
                       {"system.reboot", result("{\"ok\":true}")},
                       {"system.halt", result("{\"ok\":true}")},
                       {"system.isolate", result("{}")},
                       {"service.reload", result("{}")},
                       {"system.cancel_shutdown", result("{\"ok\":true,\"cancelled\":true}")}});
}

TEST_CASE("each name and each option asks for its end of the machine, or is refused", "[client]") {
  CHECK_GOLDEN_ROWS("power", [](const std::string& line) {
    CannedServer server = all_ends();
    ::setenv("ZINIT_SOCKET", server.path().c_str(), 1);
    Texts words = words_of_line(line);
    const std::string name = words.front();
    words.erase(words.begin());
    FakeMachine fake;
    StringPrinter printer;
    const int status = name == "init" ? telinit(words, printer)
                                      : power_command(name, words, printer, fake.machine);
    ::unsetenv("ZINIT_SOCKET");
    CHECK(fake.ends.empty());
    std::string all = status != 0 ? fmt::format("{} {}", status, printer.err_) : printer.err_;
    for (const std::string& request : server.requests()) all += request;
    std::ranges::replace(all, '\n', ';');
    return all;
  });
}

TEST_CASE("a shutdown at a later time is told to the server with its time", "[client]") {
  CannedServer server = all_ends();
  FakeMachine fake;
  const Ran ran =
      run_power("shutdown", {"--socket", server.path(), "-r", "+5", "for", "repair"}, fake.machine);
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, StartsWith("restart at ") && Contains("cancel it with `shutdown -c`"));
  CHECK(server.requests() ==
        Texts{R"(system.reboot {"at_us":)" + std::to_string(kNow + 5 * kMinute) +
              R"(,"message":"for repair"})"});
}

TEST_CASE("-f ends the machine without a server", "[client]") {
  FakeMachine fake;
  CHECK(run_power("poweroff", {"-f"}, fake.machine).status == 0);
  CHECK(run_power("reboot", {"--force"}, fake.machine).status == 0);
  CHECK(run_power("halt", {"-f"}, fake.machine).status == 0);
  CHECK(run_power("shutdown", {"-r", "-f"}, fake.machine).status == 0);
  CHECK(fake.ends == std::vector<PowerAction>{PowerAction::power_off, PowerAction::reboot,
                                              PowerAction::halt, PowerAction::reboot});
  const Machine refusing{[](PowerAction) -> Result<void> { return failure("cannot reboot: no"); },
                         kNow};
  const Ran refused = run_power("reboot", {"-f"}, refusing);
  CHECK(refused.status == 1);
  CHECK(refused.err == "reboot: cannot reboot: no\n");
}

TEST_CASE("without a server the commands exit 5 and name -f", "[client]") {
  FakeMachine fake;
  const Ran ran = run_power("poweroff", {"--socket", "/nonexistent"}, fake.machine);
  CHECK(ran.status == 5);
  CHECK_THAT(ran.err, StartsWith("poweroff: cannot connect") && Contains("-f does it at once"));
  CHECK(fake.ends.empty());
}

TEST_CASE("HH:MM is the next time that the local clock shows it, over a change of summer time too",
          "[client]") {
  const TimeZone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  // The local clock shows 13:00:30 at kNow.
  CHECK(shutdown_time("13:01", kNow) == kNow + kMinute / 2);
  CHECK(shutdown_time("13:00", kNow) == kNow + 24 * 60 * kMinute - kMinute / 2);
  // 2026-03-28 13:00 there; the next day has 23 hours.
  const std::int64_t before = 1'774'699'200'000'000;
  CHECK(shutdown_time("13:00", before) == before + 23 * 60 * kMinute);
}

TEST_CASE("the power commands explain themselves", "[client]") {
  FakeMachine fake;
  for (const char* name : {"poweroff", "reboot", "halt", "shutdown"}) {
    const Ran ran = run_power(name, {"--help"}, fake.machine);
    CHECK(ran.status == 0);
    CHECK_THAT(ran.out, StartsWith(std::string("usage: ") + name));
    CHECK(longest_line(ran.out) <= 80);
  }
}

TEST_CASE("init that is not PID 1 says which process is", "[client]") {
  StringPrinter printer;
  CHECK(telinit({}, printer) == 2);
  CHECK_THAT(printer.err_, StartsWith("init: PID 1 is another process ("));
  CHECK(telinit({"3"}, printer) == 2);
  CHECK(telinit({"0", "6"}, printer) == 2);
}

}  // namespace
}  // namespace zinit::test::client_power
