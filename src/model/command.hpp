// A command as a service file has it, checked.
#pragma once

#include <string>
#include <vector>

namespace zinit {

/// A command ready to be executed: argv[0] is the program. A string that needs a shell has become
/// {"/bin/sh", "-c", string}.
struct Command {
  std::vector<std::string> argv;
  bool as_by_shell = false;  // plain words of a string: what they mean is what they mean to a shell

  bool operator==(const Command&) const = default;
};

}  // namespace zinit
