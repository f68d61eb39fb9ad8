// The records of a shutdown in wtmp and utmp, where last(1) and who(1) look (utmp(5)).
#pragma once

#include <string>

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

}  // namespace zinit
