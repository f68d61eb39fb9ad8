// From a service's config to its process: credentials, environment, program, output, spawn.
#pragma once

#include "model/decide.hpp"
#include "os/spawn.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// What became of a launch; `child` where it started.
struct Launch {
  LaunchOutcome outcome;
  Child child;
};

/// Spawns the process of `spec` and waits until its program is executed. Any job thread, no lock
/// held: reads files, and blocks until execve(2). Throws nothing. Logs nothing.
[[nodiscard]] Launch launch(const ServiceSpec& spec, Slot slot, const SpawnDefaults& defaults,
                            OutputPort& output) noexcept;

/// The environment of a service's process, later wins: the base, what goes with its user, its own,
/// its name (zinit.toml(5), end of [service]).
[[nodiscard]] std::vector<std::string> service_environment(const ServiceSpec& spec,
                                                           const Credentials& credentials,
                                                           const std::vector<std::string>& base);

}  // namespace zinit
