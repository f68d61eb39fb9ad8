// The records of a shutdown in wtmp and utmp, where last(1) and who(1) look (utmp(5)), and those
// who are logged in according to the latter.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

struct LoginFiles {
  std::string wtmp = "/var/log/wtmp";
  std::string utmp = "/run/utmp";
};

/// Appends a record of the shutdown to wtmp, and replaces the run level's record in utmp by it.
/// Files that do not exist are not created. May hang with the file system: call it in a process
/// that can be given up.
/// @return  the first error; the other file is written nevertheless.
[[nodiscard]] Result<void> record_shutdown(const LoginFiles& files = {});

/// Writes `text`, which is safe to print, to the terminals of all who are logged in, as wall(1)
/// does. One that does not take it at once is left out. May hang with the file system of utmp.
void tell_terminals(std::string_view text, const LoginFiles& files = {});

}  // namespace zinit
