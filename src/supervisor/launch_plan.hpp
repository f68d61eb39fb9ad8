// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Prepares the SpawnPlan of a service's process, and makes its directories: all work and checks
// before the spawn.
//
// Any thread; reads files and makes directories, so no lock may be held.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/spawn.hpp"
#include "os/users.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

/// Fills in `plan` except for its streams: credentials, environment, directory, limits, program.
///
/// @return  an error names the fault: an unknown user, a missing env_file, a program that cannot be
///          found. Temporary errors are worth another try.
/// (zinit.toml(5), [service] and ENVIRONMENT)
[[nodiscard]] Result<void> prepare(const LaunchOrder& order, const SpawnDefaults& defaults,
                                   SpawnPlan& plan);

/// Makes the service's directories, owned by the ids of its processes. Adds to `runtime_dirs` the
/// names from runtime_dir whose directories exist now, even if it fails.
[[nodiscard]] Result<void> make_directories(const ServiceSpec& spec, const Ids& ids,
                                            const DirectoryPlaces& places,
                                            std::vector<std::string>& runtime_dirs);

/// Removes the runtime directories in `names`. Logs those that cannot be removed.
void remove_runtime_directories(const std::string& service, const std::string& place,
                                const std::vector<std::string>& names);

}  // namespace zinit
