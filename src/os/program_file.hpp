// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A program's file, by its path below a root directory: its own root, or a directory that will
// become this process's root.
//
// Any thread. May block on a file system, so hold no lock.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

/// Opens a file by its path below `root`, and resolves absolute links there too. Empty root: our
/// own. Before Linux 5.6 links are resolved below our own root: a search of the PATH may miss a
/// program, and the error message may be wrong. (openat2(2), RESOLVE_IN_ROOT)
[[nodiscard]] Result<UniqueFd> open_below(const std::string& root, const std::string& path,
                                          int flags);

/// stat(2) of a file below a root.
[[nodiscard]] Result<struct stat> stat_below(const std::string& root, const std::string& path);

/// The interpreter that the beginning of a script names after "#!"; empty if it is no script.
[[nodiscard]] std::string interpreter_in(std::string_view script);

/// Whether execve(2) has refused a program.
enum class Refused : std::uint8_t {
  yes,
  perhaps,
  elsewhere,  // it is for another machine, and nothing else is known
};

/// Why execve(2) refuses an existing file (ENOENT, ENOEXEC), in words that follow "cannot execute
/// PATH: ": it is for another machine, its loader or interpreter does not exist, or it is a script
/// with DOS line ends. Empty if none of these applies or the file cannot be read. With `perhaps`:
/// also empty if the kernel may have a way to execute it.
[[nodiscard]] std::string program_fault(const std::string& root, const std::string& path,
                                        Refused refused);

/// Opens a program that execve(2) should be able to execute below `root`: an executable regular
/// file that is either a complete ELF file of this machine's architecture, or a script; and whose
/// loader or interpreter is such a program too.
/// @return  the file, for reading; or why it cannot be executed: "/sbin/init is not executable"
[[nodiscard]] Result<UniqueFd> open_program(const std::string& root, const std::string& path);

}  // namespace zinit
