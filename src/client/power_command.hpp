// poweroff, reboot, halt, shutdown and SysV's init as functions of their command lines (control.md,
// "One binary, many names").
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "client/printer.hpp"

namespace zinit {

/// How a machine ends.
enum class MachineEnd : std::uint8_t { poweroff, reboot, halt };

/// What the commands need of the machine itself.
struct Machine {
  /// Ends it at once, without a server: -f. Returns only with an error.
  std::function<Result<void>(MachineEnd)> end_now;
  std::int64_t now_us = 0;  // wall time
};

/// `name` is poweroff, reboot, halt or shutdown; returns the exit status.
[[nodiscard]] int power_command(std::string_view name, std::vector<std::string> words,
                                Printer& printer, const Machine& machine);

/// `init LEVEL`, not as PID 1.
[[nodiscard]] int telinit(const std::vector<std::string>& words, Printer& printer);

/// When "now", "+MINUTES" or "HH:MM" (the next time that it is so late, local time) is, in
/// microseconds since 1970; `now_us` for now. An error says what a time looks like.
[[nodiscard]] Result<std::int64_t> shutdown_time(std::string_view text, std::int64_t now_us);

}  // namespace zinit
