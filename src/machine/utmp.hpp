// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The records of a shutdown in wtmp and utmp for last(1) and who(1) (utmp(5)), and the users logged
// in according to utmp.
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
/// Does not create missing files. May hang with the file system: call it in a process that can be
/// given up.
/// @return  the first error; the other file is written nevertheless.
[[nodiscard]] Result<void> record_shutdown(const LoginFiles& files = {});

/// Writes `text`, which must be safe to print, to the terminals of all logged-in users, like
/// wall(1). Skips a terminal that does not take it at once. May hang with the file system of utmp.
void tell_terminals(std::string_view text, const LoginFiles& files = {});

}  // namespace zinit
