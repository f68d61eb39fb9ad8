// Why a service is in its state: the reasons of `failed`, the unmet condition of `inactive`, and
// how a process ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

/// Whether the kernel killed it for want of memory.
enum class OutOfMemory : std::uint8_t {
  no,
  limit,    // it was at its memory_max
  machine,  // the machine, or a cgroup around zinit's, had no more
};

/// How a process ended (waitid(2)).
struct ProcessEnd {
  bool by_signal = false;
  int value = 0;      // exit code, or signal number
  bool core = false;  // a core was dumped
  OutOfMemory out_of_memory = OutOfMemory::no;

  bool operator==(const ProcessEnd&) const = default;
};

enum class ReasonType : std::uint8_t {
  none,
  exit_code,  // number: the code
  signal,     // number: the signal; text: more about it, or nothing
  start_timeout,
  stop_timeout,         // the process cannot be killed
  health_check_failed,  // number: attempts
  watchdog_timeout,
  dependency_failed,   // text: the service
  missing_dependency,  // text: the name that nothing has; messages: the link that masks it, if one
  spawn_error,         // text: the message
  port_in_use,         // number: the port; text: its holder, as far as it is known
  config_error,        // messages
  condition,           // text: which one does not hold; goes with `inactive`
};

/// The word in JSON: `type` of a reason.
[[nodiscard]] std::string_view reason_type_name(ReasonType type) noexcept;

/// Which of a service's commands a process is, or a failure is of.
enum class Phase : std::uint8_t {
  main,  // exec
  pre,   // pre_exec
};

struct Reason {
  ReasonType type = ReasonType::none;
  int number = 0;
  std::string text;
  std::vector<std::string> messages;
  Phase step = Phase::main;  // whose exit, death, lateness or spawn it was

  bool operator==(const Reason&) const = default;
  [[nodiscard]] explicit operator bool() const noexcept { return type != ReasonType::none; }
};

[[nodiscard]] Reason reason_of_end(const ProcessEnd& end, Phase step = Phase::main);

/// The word in JSON, `step` of a reason: that of the key.
inline constexpr std::string_view kPreStepName = "pre_exec";

/// A reason in words, after "failed: ": "exited with code 1", "pre_exec killed by SIGKILL",
/// "requires db, which failed", ...
[[nodiscard]] std::string reason_text(const Reason& reason);

/// "SIGTERM" for 15, "SIGRTMIN+2" for real-time signals, the number itself where there is no name.
[[nodiscard]] std::string signal_name(int number);

/// The number for "SIGTERM", "term", "15", "RTMIN+2", "SIGRTMAX-1" in any case; 0 where it is none.
/// Valid numbers are 1 to 64 (signal(7)).
[[nodiscard]] int signal_number(std::string_view name);

/// The signal that a mistyped name is near to, "SIGTERM" for "TREM"; empty where there is none.
[[nodiscard]] std::string nearest_signal(std::string_view name);

}  // namespace zinit
