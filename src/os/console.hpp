// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The console: where a person sees PID 1's messages and gets the emergency shell.
//
// PID 1 never takes it as its controlling terminal and never waits for it: a serial line without a
// carrier, a terminal stopped by ^S or a missing console must not stop the machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

struct Console {
  std::string path;  // to open it again, for a shell (SpawnPlan::tty)
  UniqueFd fd;       // read and write, non-blocking
};

/// The devices to try, best first: the device of the last `console=` on the kernel's command line,
/// then /dev/console. `console=ttyS0,115200n8` is /dev/ttyS0.
[[nodiscard]] std::vector<std::string> console_paths(std::string_view kernel_command_line);

/// Opens the first of `paths` that is a terminal, without waiting, and not as controlling terminal.
/// @return  the console, or why the last path failed; then PID 1 continues with /dev/null
[[nodiscard]] Result<Console> open_console(const std::vector<std::string>& paths);

/// Makes `fd` standard input, output and error, which stay open over execve(2). The caller keeps
/// `fd`. Call before other threads start, because it replaces 0 to 2 one by one. (dup2(2))
[[nodiscard]] Result<void> make_standard_streams(int fd);

/// Opens /dev/null for each of 0, 1 and 2 that is closed: all are if the kernel found no console.
/// Otherwise later files would get these numbers, and output would be written to them.
[[nodiscard]] Result<void> fill_standard_streams();

}  // namespace zinit
