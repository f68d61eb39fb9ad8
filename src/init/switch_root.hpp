// Whether a switch-root can be made; what it does is in daemon_switch_root.cpp.
#pragma once

#include "base/result.hpp"
#include "os/mount.hpp"

namespace zinit {

/// Checks that the switch can be made: the root is another file system than the one in use, mounted
/// there and not below what moves into it; INIT can be executed in it (open_program()).
///
/// @return  whether INIT is zinit, of a version that can go on with this one's services: its file
///          says so, for to execute a stranger's init as a trial could do anything
/// Blocks on the file system; any thread.
[[nodiscard]] Result<bool> check_new_root(const NewRoot& next);

}  // namespace zinit
