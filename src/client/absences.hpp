// Looks for what services name and the machine does not have, or an image that is to be one:
// programs, users, groups, directories, files of variables, processors. It may come later, with a
// package or a mount, so these are warnings, and no server looks for it before it is needed.
#pragma once

#include "config/check.hpp"

namespace zinit {

/// A search that compares services with the system below `root` as it is now, or with this machine
/// if `root` is empty. It tells only what is certain: a program without a path is looked for in
/// every PATH that the service may be given, and of a command for the shell only the program that
/// it begins with. `[process] root` counts for programs and `dir`. Of a system below a root nobody
/// knows which machine it will run on, so processors, and the machine that a program is for, are
/// not looked at. May block on a file system.
///
/// @param root  does not end in a slash, unless it is "/".
[[nodiscard]] FindAbsences absences_in(const std::string& root);

/// The same for a group of zinit.toml.
[[nodiscard]] FindGroup group_absences_in(const std::string& root);

}  // namespace zinit
