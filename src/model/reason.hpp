// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Why a service is `failed`; why it is down, unless it ended by itself or a stop named it; and how
// a process ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// Whether the kernel killed the process because memory ran out.
enum class OutOfMemory : std::uint8_t {
  no,
  limit,    // the service had reached its memory_max
  machine,  // the machine, or a cgroup around zinit's, had no memory left
};

/// How a process ended (waitid(2)).
struct ProcessEnd {
  bool by_signal = false;
  int value = 0;      // exit code, or signal number
  bool core = false;  // it dumped core
  OutOfMemory out_of_memory = OutOfMemory::no;

  bool operator==(const ProcessEnd&) const = default;
};

enum class ReasonType : std::uint8_t {
  none,
  exit_code,            // number: the code
  signal,               // number: the signal; text: more about it, or nothing
  start_timeout,        // number: the limit in ms, with its extensions; 0: unknown
  stop_timeout,         // the process did not end, not even after SIGKILL
  health_check_failed,  // number: attempts
  watchdog_timeout,
  dependency_failed,   // text: the dependency
  missing_dependency,  // text: the missing name; messages: the link that masks it, if any
  spawn_error,         // text: the message; with number 1: started when its cause is gone
  port_in_use,         // number: the port; text: its holder, if known
  config_error,        // messages
  condition,           // text: the unmet condition; the state is `inactive`
  // It was stopped together with another service; the state is `exited` or `inactive`. text: the
  // service whose stop it was; with number 1: a conflicting service that was started.
  stopped_with,
  // It ended by itself with success and left other processes, which were killed: usually a daemon
  // that goes to the background although its file does not say so. The state is `exited` or
  // `blocked`.
  left_behind,
};

/// The word in JSON: `type` of a reason.
[[nodiscard]] std::string_view reason_type_name(ReasonType type) noexcept;

/// The key of a service file that a command comes from.
enum class CommandKind : std::uint8_t {
  main,  // exec
  pre_exec,
  post_exec,
  ready_exec,
};

struct Reason {
  ReasonType type = ReasonType::none;
  int number = 0;
  std::string text;
  std::vector<std::string> messages;
  CommandKind step = CommandKind::main;  // the failed command; never post_exec

  bool operator==(const Reason&) const = default;
  [[nodiscard]] explicit operator bool() const noexcept { return type != ReasonType::none; }
};

[[nodiscard]] Reason reason_of_end(const ProcessEnd& end, CommandKind step = CommandKind::main);

/// The end of a process in words: "exited with code 1", "pre_exec killed by SIGKILL".
[[nodiscard]] std::string end_text(const ProcessEnd& end, CommandKind step = CommandKind::main);

/// The word in JSON for a reason's `step`, which is also the name of the key; empty for `main`.
[[nodiscard]] std::string_view step_name(CommandKind step) noexcept;
/// The step with this name; `main` if there is none.
[[nodiscard]] CommandKind step_of(std::string_view name) noexcept;

/// A reason in words, after "failed: ": "exit code 1", "pre_exec killed by SIGKILL",
/// "requires db, which failed", ...
[[nodiscard]] std::string reason_text(const Reason& reason);

/// For a service that is started again in `ms`: "restarts in 0.9 s (last: killed by SIGKILL)",
/// "restarts now". `last`: how it ended, in words, or empty.
[[nodiscard]] std::string restart_text(std::int64_t ms, std::string_view last);

/// "SIGTERM" for 15, "SIGRTMIN+2" for real-time signals, the number itself if there is no name.
[[nodiscard]] std::string signal_name(int number);

/// The number for "SIGTERM", "term", "15", "RTMIN+2", "SIGRTMAX-1" in any case; 0: no such signal.
/// Valid numbers are 1 to 64 (signal(7)).
[[nodiscard]] int signal_number(std::string_view name);

/// The signal name closest to a mistyped one, "SIGTERM" for "TREM"; empty if none is close.
[[nodiscard]] std::string nearest_signal(std::string_view name);

}  // namespace zinit
