// What zinit does on each signal, in each mode: the table of behaviour.md, "Signals to zinit".
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/modes.hpp"
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

/// SIGRTMIN+3 and SIGRTMIN+4 as engines count, from the first signal that glibc leaves: podman and
/// others stop what is called init by the former.
inline constexpr int kHaltSignal = 37;
inline constexpr int kPowerOffSignal = 38;

/// Without SIGPIPE, which is ignored from the start, so that writes fail with EPIPE.
inline constexpr std::array kSignals = [] {
  using enum SignalMeaning;
  return std::array{
      SignalRow{SIGTERM, power_off, shut_down, shut_down},
      SignalRow{SIGINT, SignalMeaning::reboot, shut_down, shut_down},  // Ctrl-Alt-Del arrives so
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

/// All that zinit reads: those of the table, and what it passes on to a container's command or says
/// that it ignores. Not among them are faults, SIGPIPE and what libc keeps for itself.
[[nodiscard]] std::vector<int> handled_signals();

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

/// What busybox means by a signal to process 1 if it was sent by the applet `program`: `reboot`
/// sends SIGTERM, `poweroff` SIGUSR2, `halt` SIGUSR1. Nothing if that is not what was sent.
[[nodiscard]] std::optional<SignalMeaning> meaning_of_applet(int signal, std::string_view program,
                                                             Mode mode);

/// What the signals of the table do in this mode, for who has sent another one.
[[nodiscard]] std::string known_signals_text(Mode mode);

/// `SIGTERM from pid 12 (bash), uid 0`.
///
/// @param program  the sender's, empty if it is not known: it may have ended.
[[nodiscard]] std::string origin_text(const PendingSignal& signal, std::string_view program);

/// Whether a process that is suspended and continued gets the signal: nobody asks anything by it.
[[nodiscard]] constexpr bool is_job_control(int signal) {
  return signal == SIGCONT || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/// Whether the signal hurries a shutdown that has begun (Shutdown::hurry()).
[[nodiscard]] constexpr bool hurries(int signal) { return signal == SIGTERM || signal == SIGINT; }

}  // namespace zinit
