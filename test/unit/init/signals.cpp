// The table of signals: behaviour.md's, row by row.
#include "init/signals.hpp"
#include "support/catch.hpp"

namespace init_signals_test {

using namespace zinit;
using M = SignalMeaning;

namespace {

std::array<SignalMeaning, 3> row(int signal) {
  return {meaning_of(signal, Mode::system), meaning_of(signal, Mode::container),
          meaning_of(signal, Mode::standalone)};
}

using Row = std::array<SignalMeaning, 3>;

}  // namespace

TEST_CASE("signals that end a machine end a container or a standalone server with exit 0",
          "[init][signals]") {
  CHECK(row(SIGTERM) == Row{M::power_off, M::shut_down, M::shut_down});
  CHECK(row(SIGINT) == Row{M::reboot, M::shut_down, M::shut_down});
  CHECK(row(SIGQUIT) == Row{M::halt, M::shut_down, M::shut_down});
}

TEST_CASE("a power failure is ignored by a standalone server alone", "[init][signals]") {
  CHECK(row(SIGPWR) == Row{M::power_off, M::shut_down, M::ignored});
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

}  // namespace init_signals_test
