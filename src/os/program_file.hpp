// The file of a program, by its path below a root directory: its own root, or one that is about to
// become that of this process.
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

/// Opens a file by its path below `root`, where absolute links are resolved too; an empty root is
/// our own. Before Linux 5.6 links are resolved below our own root: a search of the PATH may miss a
/// program, and the error message may be wrong. (openat2(2), RESOLVE_IN_ROOT)
[[nodiscard]] Result<UniqueFd> open_below(const std::string& root, const std::string& path,
                                          int flags);

/// stat(2) of a file below a root.
[[nodiscard]] Result<struct stat> stat_below(const std::string& root, const std::string& path);

/// The interpreter that the beginning of a script names after "#!"; empty if it is no script.
[[nodiscard]] std::string interpreter_in(std::string_view script);

/// Whether execve(2) is known to have refused a program.
enum class Refused : std::uint8_t {
  yes,
  perhaps,
  elsewhere,  // it is a program of another machine, of which nothing else is known
};

/// What of a file that exists keeps execve(2) from executing it (ENOENT, ENOEXEC), in words that
/// follow "cannot execute PATH: ": it is for another machine, its loader or its interpreter does
/// not exist, or it is a script with DOS line ends. Empty if nothing of that is so, and also if the
/// file cannot be read. `perhaps`: empty too if the kernel may have a way to execute it.
[[nodiscard]] std::string program_fault(const std::string& root, const std::string& path,
                                        Refused refused);

/// Opens a program that execve(2) can be expected to execute below `root`: a regular file that may
/// be executed, and either an ELF file of this machine's architecture, with all that is loaded of
/// it, or a script, whose loader or interpreter is such a program too.
/// @return  the file, for reading; or why it cannot be executed: "/sbin/init is not executable"
[[nodiscard]] Result<UniqueFd> open_program(const std::string& root, const std::string& path);

}  // namespace zinit
