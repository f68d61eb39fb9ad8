// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The meaning of each signal in each mode: the table of behaviour.md, "Signals to zinit".
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/modes.hpp"
#include "config/settings.hpp"
#include "os/signals.hpp"

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

/// SIGRTMIN+3 and SIGRTMIN+4 as engines count them, from the first signal that glibc leaves free.
/// podman and others send the former to stop a program called init.
inline constexpr int kHaltSignal = 37;
inline constexpr int kPowerOffSignal = 38;

/// Without SIGPIPE: zinit ignores it from the start, so that writes fail with EPIPE.
inline constexpr std::array kSignals = [] {
  using enum SignalMeaning;
  return std::array{
      SignalRow{SIGTERM, power_off, shut_down, shut_down},
      SignalRow{SIGINT, SignalMeaning::reboot, shut_down, shut_down},  // see CtrlAltDel
      SignalRow{SIGQUIT, halt, shut_down, shut_down},
      SignalRow{SIGPWR, power_off, shut_down, ignored},
      SignalRow{kHaltSignal, halt, shut_down, ignored},
      SignalRow{kPowerOffSignal, power_off, shut_down, ignored},
      SignalRow{SIGHUP, reload, reload, reload},
      SignalRow{SIGUSR1, reexecute, reexecute, reexecute},
      SignalRow{SIGUSR2, live_update, live_update, live_update},
      SignalRow{SIGCHLD, reap, reap, reap},
  };
}();

/// All signals that zinit reads: the table's, and those that it passes on to a container's command
/// or logs as ignored. Excludes faults, SIGPIPE and the signals that libc reserves.
[[nodiscard]] std::vector<int> handled_signals();

[[nodiscard]] constexpr SignalMeaning meaning_of(CtrlAltDel choice) {
  switch (choice) {
    case CtrlAltDel::reboot: return SignalMeaning::reboot;
    case CtrlAltDel::power_off: return SignalMeaning::power_off;
    case CtrlAltDel::none: break;
  }
  return SignalMeaning::ignored;
}

/// @param choice  what SIGINT means in system mode, because Ctrl-Alt-Del sends it
[[nodiscard]] constexpr SignalMeaning meaning_of(int signal, Mode mode, CtrlAltDel choice) {
  for (const SignalRow& row : kSignals) {
    if (row.signal != signal) continue;
    switch (mode) {
      case Mode::system: return signal == SIGINT ? meaning_of(choice) : row.system;
      case Mode::container: return row.container;
      case Mode::standalone: return row.standalone;
    }
  }
  return SignalMeaning::ignored;
}

/// The meaning of a signal to process 1 from the busybox applet `program`: `reboot` sends SIGTERM,
/// `poweroff` SIGUSR2, `halt` SIGUSR1. Nothing for any other pair.
[[nodiscard]] std::optional<SignalMeaning> meaning_of_applet(int signal, std::string_view program,
                                                             Mode mode);

/// Explains the table's signals in this mode to the sender of another signal.
[[nodiscard]] std::string known_signals_text(Mode mode, CtrlAltDel choice);

/// `SIGTERM from pid 12 (bash), uid 0`.
///
/// @param program  the sender's program; empty: unknown, because the sender may have ended.
[[nodiscard]] std::string origin_text(const PendingSignal& signal, std::string_view program);

/// Whether suspending or continuing a process sends the signal: it is not a request to zinit.
[[nodiscard]] constexpr bool is_job_control(int signal) {
  return signal == SIGCONT || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/// Whether the signal hurries a shutdown that has begun (Shutdown::hurry()).
[[nodiscard]] constexpr bool hurries(int signal) { return signal == SIGTERM || signal == SIGINT; }

}  // namespace zinit
