// The boot of a machine, up to its server (behaviour.md, "PID 1 in system mode", 1 to 4).
#pragma once

#include <span>
#include <string>

#include "config/options.hpp"

namespace zinit {

/// What the boot has found out about the machine.
struct BootedMachine {
  std::string console;  // its path, even if it cannot be opened
  KernelOptions kernel;
};

/// The steps before any service: mounts, log, console, fault handlers, Ctrl-Alt-Del, host name,
/// loopback. Errors are logged, and the boot continues. In PID 1, on the main thread, before other
/// threads are started.
///
/// @param words  arguments that are no options: the kernel passes unknown words to init
/// @param again  after a re-execution: the host name may have been changed and stays
[[nodiscard]] BootedMachine boot_machine(std::span<const std::string> words, bool again);

}  // namespace zinit
