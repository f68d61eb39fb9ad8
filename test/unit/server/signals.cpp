// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of signals: behaviour.md's, row by row.
#include "server/signals.hpp"
#include "support/test.hpp"

namespace zinit::test::server_signals {
namespace {

using M = SignalMeaning;

/// In a system, a container and a standalone server.
using Row = std::array<SignalMeaning, 3>;

Row row(int signal, CtrlAltDel choice = CtrlAltDel::reboot) {
  return {meaning_of(signal, Mode::system, choice), meaning_of(signal, Mode::container, choice),
          meaning_of(signal, Mode::standalone, choice)};
}

TEST_CASE("a signal means what it does by mode", "[init][signals]") {
  REQUIRE(kHaltSignal == SIGRTMIN + 3);
  REQUIRE(kPowerOffSignal == SIGRTMIN + 4);
  const std::vector<std::pair<int, Row>> rows = {
      {SIGTERM, {M::power_off, M::shut_down, M::shut_down}},
      {SIGINT, {M::reboot, M::shut_down, M::shut_down}},
      {SIGQUIT, {M::halt, M::shut_down, M::shut_down}},
      {SIGPWR, {M::power_off, M::shut_down, M::ignored}},
      // Engines that take zinit for systemd halt it so.
      {SIGRTMIN + 3, {M::halt, M::shut_down, M::ignored}},
      {SIGRTMIN + 4, {M::power_off, M::shut_down, M::ignored}},
      {SIGHUP, {M::reload, M::reload, M::reload}},
      {SIGUSR1, {M::reexecute, M::reexecute, M::reexecute}},
      {SIGUSR2, {M::live_update, M::live_update, M::live_update}},
      {SIGCHLD, {M::reap, M::reap, M::reap}},
      {SIGWINCH, {M::ignored, M::ignored, M::ignored}},
  };
  for (const auto& [signal, meanings] : rows) {
    INFO(signal);
    CHECK(row(signal) == meanings);
    CHECK(hurries(signal) == (signal == SIGTERM || signal == SIGINT));
    if (signal == SIGINT) continue;
    CHECK(row(signal, CtrlAltDel::none) == meanings);
  }
  // ctrl_alt_del is about machines: SIGINT ends a container and a standalone server.
  CHECK(row(SIGINT, CtrlAltDel::power_off) == Row{M::power_off, M::shut_down, M::shut_down});
  CHECK(row(SIGINT, CtrlAltDel::none) == Row{M::ignored, M::shut_down, M::shut_down});
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

}  // namespace
}  // namespace zinit::test::server_signals
