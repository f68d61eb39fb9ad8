// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A command of a service file, checked.
#pragma once

#include <string>
#include <vector>

namespace zinit {

/// A command ready to be executed: argv[0] is the program. A string that needs a shell has become
/// {"/bin/sh", "-c", string}.
struct Command {
  std::vector<std::string> argv;
  bool as_by_shell = false;  // argv was split from a string as a shell would split it

  bool operator==(const Command&) const = default;
};

}  // namespace zinit
