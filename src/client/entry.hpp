// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Functions for src/main.cpp, for the program's names that belong to the client. Each prints its
// result and returns the exit status of the process (control.md, "zinitctl").
#pragma once

#include <string_view>

namespace zinit {

/// `zinitctl ...`, and `zinit VERB ...`. argv[0] is ignored.
[[nodiscard]] int run_zinitctl(int argc, char** argv);

/// The command `name`: `poweroff`, `reboot`, `halt` or `shutdown`. argv[0] is ignored.
[[nodiscard]] int run_power_command(std::string_view name, int argc, char** argv);

/// `init LEVEL`, like SysV's telinit(8), if this process is not PID 1. argv[0] is ignored.
[[nodiscard]] int run_telinit(int argc, char** argv);

}  // namespace zinit
