// What zinit does on each signal, in each mode: the table of behaviour.md, "Signals to zinit".
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <vector>

#include "config/modes.hpp"

namespace zinit {

enum class SignalMeaning : std::uint8_t {
  ignored,
  power_off,
  reboot,
  halt,
  shut_down,    // stop all services and exit with 0
  reload,       // read the service files again
  reexecute,    // execute the running binary again
  live_update,  // execute the installed binary
  reap,
};

struct SignalRow {
  int signal;
  SignalMeaning system;
  SignalMeaning container;
  SignalMeaning standalone;
};

/// Without SIGPIPE, which is ignored from the start, so that writes fail with EPIPE.
inline constexpr std::array kSignals = [] {
  using enum SignalMeaning;
  return std::array{
      SignalRow{SIGTERM, power_off, shut_down, shut_down},
      SignalRow{SIGINT, SignalMeaning::reboot, shut_down, shut_down},  // Ctrl-Alt-Del arrives so
      SignalRow{SIGQUIT, halt, shut_down, shut_down},
      SignalRow{SIGPWR, power_off, shut_down, ignored},
      SignalRow{SIGHUP, reload, reload, reload},
      SignalRow{SIGUSR1, reexecute, reexecute, reexecute},
      SignalRow{SIGUSR2, live_update, live_update, live_update},
      SignalRow{SIGCHLD, reap, reap, reap},
  };
}();

/// The signals of the table.
[[nodiscard]] inline std::vector<int> handled_signals() {
  std::vector<int> signals;
  for (const SignalRow& row : kSignals) signals.push_back(row.signal);
  return signals;
}

[[nodiscard]] constexpr SignalMeaning meaning_of(int signal, Mode mode) {
  for (const SignalRow& row : kSignals) {
    if (row.signal != signal) continue;
    switch (mode) {
      case Mode::system: return row.system;
      case Mode::container: return row.container;
      case Mode::standalone: return row.standalone;
    }
  }
  return SignalMeaning::ignored;
}

/// Whether the signal hurries a shutdown that has begun (Shutdown::hurry()).
[[nodiscard]] constexpr bool hurries(int signal) { return signal == SIGTERM || signal == SIGINT; }

}  // namespace zinit
