// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of signals: behaviour.md's, row by row.
#include "server/signals.hpp"
#include "support/test.hpp"

namespace zinit::test::server_signals {
namespace {

using M = SignalMeaning;

std::array<SignalMeaning, 3> row(int signal) {
  return {meaning_of(signal, Mode::system), meaning_of(signal, Mode::container),
          meaning_of(signal, Mode::standalone)};
}

using Row = std::array<SignalMeaning, 3>;

TEST_CASE("signals that end a machine end a container or a standalone server with exit 0",
          "[init][signals]") {
  CHECK(row(SIGTERM) == Row{M::power_off, M::shut_down, M::shut_down});
  CHECK(row(SIGINT) == Row{M::reboot, M::shut_down, M::shut_down});
  CHECK(row(SIGQUIT) == Row{M::halt, M::shut_down, M::shut_down});
}

TEST_CASE("a power failure is ignored by a standalone server alone", "[init][signals]") {
  CHECK(row(SIGPWR) == Row{M::power_off, M::shut_down, M::ignored});
}

TEST_CASE("engines that take zinit for systemd halt it by real-time signals", "[init][signals]") {
  REQUIRE(kHaltSignal == SIGRTMIN + 3);
  REQUIRE(kPowerOffSignal == SIGRTMIN + 4);
  CHECK(row(SIGRTMIN + 3) == Row{M::halt, M::shut_down, M::ignored});
  CHECK(row(SIGRTMIN + 4) == Row{M::power_off, M::shut_down, M::ignored});
}

TEST_CASE("what applets of busybox send to process 1 means what they are called",
          "[init][signals]") {
  CHECK(meaning_of_applet(SIGTERM, "reboot", Mode::system) == M::reboot);
  CHECK(meaning_of_applet(SIGUSR2, "poweroff", Mode::system) == M::power_off);
  CHECK(meaning_of_applet(SIGUSR1, "halt", Mode::system) == M::halt);
  CHECK(meaning_of_applet(SIGUSR2, "poweroff", Mode::container) == M::shut_down);
  for (const Mode mode : {Mode::system, Mode::container, Mode::standalone}) {
    CHECK_FALSE(meaning_of_applet(SIGTERM, "bash", mode));
    CHECK_FALSE(meaning_of_applet(SIGTERM, "", mode));
    CHECK_FALSE(meaning_of_applet(SIGHUP, "reboot", mode));  // an operator's `reboot` script
  }
  CHECK_FALSE(meaning_of_applet(SIGTERM, "reboot", Mode::standalone));
}

TEST_CASE("zinit reads every signal that can be read, but not what libc needs", "[init][signals]") {
  const std::vector<int> handled = handled_signals();
  const auto has = [&](int signal) { return std::ranges::find(handled, signal) != handled.end(); };
  for (const SignalRow& each : kSignals) CHECK(has(each.signal));
  for (const int signal : {SIGWINCH, SIGALRM, SIGCONT, SIGRTMIN, SIGRTMAX}) CHECK(has(signal));
  for (const int signal : {SIGKILL, SIGSTOP, SIGSEGV, SIGPIPE, SIGTRAP, SIGRTMIN - 1, SIGSYS + 1})
    CHECK_FALSE(has(signal));
}

TEST_CASE("the log names who has sent a signal", "[init][signals]") {
  CHECK(origin_text({SIGTERM, 12, 1000, true}, "bash") == "SIGTERM from pid 12 (bash), uid 1000");
  CHECK(origin_text({SIGHUP, 12, 0, true}, "") == "SIGHUP from pid 12, uid 0");
  CHECK(origin_text({SIGTERM, 0, 0, true}, "") == "SIGTERM from outside of the container");
  CHECK(origin_text({SIGINT, 0, 0, false}, "") == "SIGINT from the kernel");
}

TEST_CASE("reload, re-execution and reaping are the same in every mode", "[init][signals]") {
  CHECK(row(SIGHUP) == Row{M::reload, M::reload, M::reload});
  CHECK(row(SIGUSR1) == Row{M::reexecute, M::reexecute, M::reexecute});
  CHECK(row(SIGUSR2) == Row{M::live_update, M::live_update, M::live_update});
  CHECK(row(SIGCHLD) == Row{M::reap, M::reap, M::reap});
}

TEST_CASE("a signal without a row is ignored", "[init][signals]") {
  CHECK(row(SIGWINCH) == Row{M::ignored, M::ignored, M::ignored});
}

TEST_CASE("only SIGTERM and SIGINT hurry a shutdown", "[init][signals]") {
  for (const SignalRow& each : kSignals) {
    INFO(each.signal);
    CHECK(hurries(each.signal) == (each.signal == SIGTERM || each.signal == SIGINT));
  }
}

}  // namespace
}  // namespace zinit::test::server_signals
