// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl, poweroff, reboot, halt, shutdown and SysV's init as functions of their command lines,
// so that tests can call them (control.md, "One binary, many names"). Each gets the words after the
// program's name and returns the exit status.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "client/printer.hpp"
#include "os/power.hpp"

namespace zinit {

/// Actions and facts of the machine that commands need. Tests pass their own.
struct Machine {
  /// Ends the machine at once, without a server, for -f. Returns only if that fails.
  std::function<Result<void>(PowerAction)> end_now;
  std::int64_t now_us = 0;  // wall time
};

[[nodiscard]] int zinitctl(std::vector<std::string> words, Printer& printer);

/// Makes two words of each --OPTION=VALUE. Returns "--OPTION=" if the last word had this form,
/// else "".
std::string split_options(std::vector<std::string>& words);

/// For completions: prints the possible forms of the last of `words`, which is under the cursor.
/// One word a line, followed by a tabulator and help if there is help; ":files" where file names
/// fit, behind the option if the last word is --OPTION=VALUE.
[[nodiscard]] int complete(std::vector<std::string> words, Printer& printer);

/// The same for a line of the command `words[0]`: poweroff, reboot, halt or shutdown.
[[nodiscard]] int complete_power(std::vector<std::string> words, Printer& printer);

/// zinitctl's first word if the rest is for complete(), or for complete_power(). The shells ask
/// zinitctl about the other commands too: if a command belongs to another init, a call of it might
/// end the machine.
inline constexpr const char* kComplete = "__complete";
inline constexpr const char* kCompletePower = "__complete_power";

/// Runs the command `name`: poweroff, reboot, halt or shutdown.
[[nodiscard]] int power_command(std::string_view name, std::vector<std::string> words,
                                Printer& printer, const Machine& machine);

/// Runs `init LEVEL` if this process is not PID 1.
[[nodiscard]] int telinit(const std::vector<std::string>& words, Printer& printer);

}  // namespace zinit
