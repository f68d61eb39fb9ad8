// What a process is made with so that it can say something of itself: variables, descriptors.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/spawn.hpp"

namespace zinit {

/// Made before a spawn by CheckPort::prepare(), who knows more of it than is said here. It lives as
/// long as the process is watched; where there came to be no process, it goes with the attempt.
struct CheckGear {
  CheckGear() = default;
  virtual ~CheckGear() = default;
  CheckGear(const CheckGear&) = delete;
  CheckGear& operator=(const CheckGear&) = delete;

  std::vector<std::string> environment;    // KEY=value
  std::vector<std::string> pid_variables;  // those whose value is the pid of the process
  std::vector<PassedFd> passed;            // they are open until the spawn is over
};

using CheckGearPtr = std::shared_ptr<CheckGear>;

}  // namespace zinit
