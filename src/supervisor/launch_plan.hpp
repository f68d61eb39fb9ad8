// What a process of a service is made of, and the directories around it: all that can be known and
// checked before it is spawned.
//
// Any thread; reads files and makes directories, so no lock held.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "os/spawn.hpp"
#include "os/users.hpp"
#include "supervisor/launch.hpp"

namespace zinit {

/// Fills in `plan` but for its streams: credentials, environment, directory, limits, program.
///
/// @return  or what is wrong, in words: an unknown user, a missing env_file, a program that is not
///          to be found. Temporary ones are worth a retry.
/// (zinit.toml(5), [service] and ENVIRONMENT)
[[nodiscard]] Result<void> prepare(const LaunchOrder& order, const SpawnDefaults& defaults,
                                   SpawnPlan& plan);

/// Makes the service's directories, with the ids that its processes have. What of runtime_dir is
/// there then is added to `runtime_dirs`, in an error too.
[[nodiscard]] Result<void> make_directories(const ServiceSpec& spec, const Ids& ids,
                                            const DirectoryPlaces& places,
                                            std::vector<std::string>& runtime_dirs);

/// Removes those of a service's runtime directories that are named. What cannot be removed is told
/// in the log, and stays.
void remove_runtime_directories(const std::string& service, const std::string& place,
                                const std::vector<std::string>& names);

}  // namespace zinit
