// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals to zinit: which ones it reads, and how the log names them and their senders.
#include "server/signals.hpp"

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "model/reason.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

struct Applet {
  std::string_view program;
  int signal;
  SignalMeaning meaning;
};
constexpr std::array kApplets = {
    Applet{"reboot", SIGTERM, SignalMeaning::reboot},
    Applet{"poweroff", SIGUSR2, SignalMeaning::power_off},
    Applet{"halt", SIGUSR1, SignalMeaning::halt},
};

std::string_view meaning_text(SignalMeaning meaning) {
  switch (meaning) {
    case SignalMeaning::power_off: return "powers off";
    case SignalMeaning::reboot: return "reboots";
    case SignalMeaning::halt: return "halts";
    case SignalMeaning::shut_down: return "shuts down";
    case SignalMeaning::reload: return "reads the service files again";
    case SignalMeaning::reexecute: return "executes zinit again";
    case SignalMeaning::live_update: return "executes the installed zinit";
    case SignalMeaning::ignored:
    case SignalMeaning::reap: break;
  }
  return {};
}

}  // namespace

std::vector<int> handled_signals() {
  std::vector<int> signals;
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    const bool of_libc = signal > SIGSYS && signal < SIGRTMIN;
    const bool fault = contains(kFaults, signal);
    const bool never = signal == SIGKILL || signal == SIGSTOP || signal == SIGPIPE;
    if (!of_libc && !fault && !never) signals.push_back(signal);
  }
  return signals;
}

std::optional<SignalMeaning> meaning_of_applet(int signal, std::string_view program, Mode mode) {
  if (mode == Mode::standalone) return std::nullopt;
  for (const Applet& applet : kApplets)
    if (applet.program == program && applet.signal == signal)
      return mode == Mode::system ? applet.meaning : SignalMeaning::shut_down;
  return std::nullopt;
}

std::string known_signals_text(Mode mode, CtrlAltDel choice) {
  std::vector<std::string> parts;
  for (const SignalRow& row : kSignals)
    if (const auto text = meaning_text(meaning_of(row.signal, mode, choice)); !text.empty())
      parts.push_back(fmt::format("{} {}", signal_name(row.signal), text));
  return join(parts, ", ");
}

std::string origin_text(const PendingSignal& signal, std::string_view program) {
  const std::string name = signal_name(signal.number);
  if (!signal.by_process) return name + " from the kernel";
  if (signal.sender == 0) return fmt::format("{} from outside of the container", name);
  return fmt::format("{} from {}", name, asker_text(signal.sender, program, signal.uid));
}

}  // namespace zinit
