// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reasons in words, and the names of signals.
#include "model/reason.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

struct TypeName {
  ReasonType type;
  std::string_view name;
};

constexpr std::array kTypes = {
    TypeName{ReasonType::none, "none"},
    TypeName{ReasonType::exit_code, "exit_code"},
    TypeName{ReasonType::signal, "signal"},
    TypeName{ReasonType::start_timeout, "start_timeout"},
    TypeName{ReasonType::stop_timeout, "stop_timeout"},
    TypeName{ReasonType::health_check_failed, "health_check_failed"},
    TypeName{ReasonType::watchdog_timeout, "watchdog_timeout"},
    TypeName{ReasonType::dependency_failed, "dependency_failed"},
    TypeName{ReasonType::missing_dependency, "missing_dependency"},
    TypeName{ReasonType::spawn_error, "spawn_error"},
    TypeName{ReasonType::port_in_use, "port_in_use"},
    TypeName{ReasonType::config_error, "config_error"},
    TypeName{ReasonType::condition, "condition"},
    TypeName{ReasonType::stopped_with, "stopped_with"},
    TypeName{ReasonType::left_behind, "left_behind"},
};
static_assert(kTypes.size() == static_cast<std::size_t>(ReasonType::left_behind) + 1);
static_assert(
    [] {
      for (std::size_t i = 0; i < kTypes.size(); ++i)
        if (static_cast<std::size_t>(kTypes[i].type) != i) return false;
      return true;
    }(),
    "kTypes is indexed by ReasonType");

struct SignalName {
  int number;
  std::string_view name;  // without SIG
};

// As in signal(7). libc's sigabbrev_np() lacks the aliases, which people do write.
// clang-format off
constexpr std::array kSignals = {
    SignalName{SIGHUP, "HUP"},       SignalName{SIGINT, "INT"},     SignalName{SIGQUIT, "QUIT"},
    SignalName{SIGILL, "ILL"},       SignalName{SIGTRAP, "TRAP"},   SignalName{SIGABRT, "ABRT"},
    SignalName{SIGBUS, "BUS"},       SignalName{SIGFPE, "FPE"},     SignalName{SIGKILL, "KILL"},
    SignalName{SIGUSR1, "USR1"},     SignalName{SIGSEGV, "SEGV"},   SignalName{SIGUSR2, "USR2"},
    SignalName{SIGPIPE, "PIPE"},     SignalName{SIGALRM, "ALRM"},   SignalName{SIGTERM, "TERM"},
    SignalName{SIGSTKFLT, "STKFLT"}, SignalName{SIGCHLD, "CHLD"},   SignalName{SIGCONT, "CONT"},
    SignalName{SIGSTOP, "STOP"},     SignalName{SIGTSTP, "TSTP"},   SignalName{SIGTTIN, "TTIN"},
    SignalName{SIGTTOU, "TTOU"},     SignalName{SIGURG, "URG"},     SignalName{SIGXCPU, "XCPU"},
    SignalName{SIGXFSZ, "XFSZ"},     SignalName{SIGVTALRM, "VTALRM"}, SignalName{SIGPROF, "PROF"},
    SignalName{SIGWINCH, "WINCH"},   SignalName{SIGIO, "IO"},       SignalName{SIGPWR, "PWR"},
    SignalName{SIGSYS, "SYS"},
    // Aliases come last, so that signal_name() finds the usual names first.
    SignalName{SIGIO, "POLL"},       SignalName{SIGCHLD, "CLD"},    SignalName{SIGABRT, "IOT"},
};
// clang-format on

constexpr int kLastSignal = 64;

/// `name` as in the table: in capitals and without SIG.
std::string bare_name(std::string_view name) {
  std::string bare = upper(name);
  if (bare.starts_with("SIG")) bare.erase(0, 3);
  return bare;
}

// In the order of CommandKind.
constexpr std::array<std::string_view, 4> kStepNames = {"", "pre_exec", "post_exec", "ready_exec"};
static_assert(static_cast<std::size_t>(CommandKind::ready_exec) == kStepNames.size() - 1);

/// The name of the step with `link` after it; empty for the main process.
std::string whose_words(CommandKind step, std::string_view link) {
  return step == CommandKind::main ? std::string() : fmt::format("{}{}", step_name(step), link);
}

// Real-time signals are counted from glibc's SIGRTMIN, as container engines do. That of musl is 35:
// the name of a signal in a service file would depend on the C library that zinit is linked with.
constexpr int kRealTimeMin = 34;
constexpr int kRealTimeMax = 64;

std::string real_time_name(int number) {
  if (number == kRealTimeMin) return "SIGRTMIN";
  if (number == kRealTimeMax) return "SIGRTMAX";
  return fmt::format("SIGRTMIN+{}", number - kRealTimeMin);
}

/// "" -> 0, "+2" -> 2, "-1" -> -1; nothing if `text` is no such offset.
std::optional<int> offset(std::string_view text) {
  if (text.empty()) return 0;
  if (text.size() > 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto amount = parse_integer(text.substr(1));
  if (!amount || *amount < 0) return std::nullopt;
  return static_cast<int>(text[0] == '-' ? -*amount : *amount);
}

int real_time_number(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return 0;
  const auto distance = offset(name.substr(5));
  if (!distance) return 0;
  const int number = (from_min ? kRealTimeMin : kRealTimeMax) + *distance;
  return number >= kRealTimeMin && number <= kRealTimeMax ? number : 0;
}

}  // namespace

std::string_view reason_type_name(ReasonType type) noexcept {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::string_view step_name(CommandKind step) noexcept {
  return kStepNames[static_cast<std::size_t>(step)];
}

CommandKind step_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(kStepNames, name);
  return found == kStepNames.end() ? CommandKind::main
                                   : static_cast<CommandKind>(found - kStepNames.begin());
}

Reason reason_of_end(const ProcessEnd& end, CommandKind step) {
  Reason reason;
  reason.step = step;
  reason.type = end.by_signal ? ReasonType::signal : ReasonType::exit_code;
  reason.number = end.value;
  if (end.out_of_memory != OutOfMemory::no)
    reason.text = "killed by the kernel because of a lack of memory";
  if (end.out_of_memory == OutOfMemory::limit) reason.text += " within its memory_max";
  return reason;
}

std::string end_text(const ProcessEnd& end, CommandKind step) {
  const Reason reason = reason_of_end(end, step);
  if (end.by_signal) return reason_text(reason);
  return fmt::format("{}exited with code {}", whose_words(step, " "), end.value);
}

std::string reason_text(const Reason& reason) {
  const std::string whose = whose_words(reason.step, " ");
  switch (reason.type) {
    case ReasonType::none: return {};
    case ReasonType::exit_code:
      return fmt::format("{}exit code {}", whose_words(reason.step, ": "), reason.number);
    case ReasonType::signal:
      return reason.text.empty()
                 ? fmt::format("{}killed by {}", whose, signal_name(reason.number))
                 : fmt::format("{}{} ({})", whose, reason.text, signal_name(reason.number));
    case ReasonType::start_timeout:
      return fmt::format("{}{}", whose.empty() ? "not ready" : whose + "not done",
                         " within its start_timeout_ms");
    case ReasonType::stop_timeout: return "its process cannot be killed";
    case ReasonType::health_check_failed:
      return "health check failed " + counted(reason.number, "time");
    case ReasonType::watchdog_timeout: return "no sign of life within its watchdog_ms";
    case ReasonType::dependency_failed: return "requires " + reason.text + ", which failed";
    case ReasonType::missing_dependency:
      return fmt::format(
          "requires {}, which {}", reason.text,
          reason.messages.empty() ? "does not exist" : "is masked by " + reason.messages.front());
    case ReasonType::spawn_error: return whose_words(reason.step, ": ") + reason.text;
    case ReasonType::port_in_use:
      return fmt::format("port {} is in use{}", reason.number,
                         reason.text.empty() ? "" : " by " + reason.text);
    case ReasonType::config_error: return join(reason.messages, "; ");
    case ReasonType::condition: return "condition " + reason.text + " does not hold";
    case ReasonType::stopped_with:
      return reason.number == 0 ? "stopped with " + reason.text + ", which it requires"
                                : "stopped because of " + reason.text + ", which conflicts with it";
    case ReasonType::left_behind:
      return "exited with code 0 and left processes, which were killed; if this daemon forks into "
             "the background, run it in the foreground, or set pidfile in [readiness]";
  }
  return {};
}

std::string restart_text(std::int64_t ms, std::string_view last) {
  const bool known = !last.empty();
  return fmt::format("restarts {}{}{}{}", countdown_text(ms), known ? " (last: " : "", last,
                     known ? ")" : "");
}

std::string signal_name(int number) {
  for (const SignalName& signal : kSignals)
    if (signal.number == number) return fmt::format("SIG{}", signal.name);
  if (number >= kRealTimeMin && number <= kRealTimeMax) return real_time_name(number);
  return std::to_string(number);
}

int signal_number(std::string_view name) {
  if (const auto number = parse_integer(name))
    return *number >= 1 && *number <= kLastSignal ? static_cast<int>(*number) : 0;
  const std::string word = bare_name(name);
  for (const SignalName& signal : kSignals)
    if (signal.name == word) return signal.number;
  return real_time_number(word);
}

std::string nearest_signal(std::string_view name) {
  std::vector<std::string_view> names;
  for (const SignalName& signal : kSignals) names.push_back(signal.name);
  const auto near = nearest(bare_name(name), names);
  return near ? "SIG" + std::string(*near) : std::string();
}

}  // namespace zinit
