// The records of a shutdown in wtmp and utmp, where last(1) and who(1) look (utmp(5)).
#pragma once

#include <string>

#include "base/result.hpp"

namespace zinit {

struct LoginFiles {
  std::string wtmp = "/var/log/wtmp";
  std::string utmp = "/run/utmp";
};

/// Appends a record of the shutdown to wtmp and puts it in place of the run level's in utmp. Files
/// that do not exist are not made. Blocks as their file systems do: for a process that may be given
/// up.
/// @return  the first fault; the other file has been written all the same.
[[nodiscard]] Result<void> record_shutdown(const LoginFiles& files = {});

}  // namespace zinit
