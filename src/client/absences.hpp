// Looks for what services name and this machine does not have: programs, users, groups,
// directories, files of variables, processors. It may come later, with a package or a mount, so
// these are warnings, and no server looks for it before it is needed.
#pragma once

#include "config/check.hpp"

namespace zinit {

/// A search that compares services with the machine as it is now. It tells only what is certain: a
/// program without a path is looked for in every PATH that the service may be given, and of a
/// command for the shell only the program that it begins with. `[process] root` counts for programs
/// and `dir`. May block on a file system.
[[nodiscard]] FindAbsences absences_here();

/// The same for a group of zinit.toml.
[[nodiscard]] std::string absence_of_group(const std::string& group);

}  // namespace zinit
