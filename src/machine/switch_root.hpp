// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks whether a switch-root is possible; daemon_switch_root.cpp carries it out.
#pragma once

#include "base/result.hpp"
#include "os/mount.hpp"

namespace zinit {

/// Checks that the root is a mounted file system, different from the current one and not below a
/// mount that moves into it, and that it has an executable INIT (open_program()).
///
/// @return  whether INIT is a zinit that can continue with this one's services. A mark in its file
///          shows the version, because a trial run of a foreign init could do anything
/// Blocks on the file system; any thread.
[[nodiscard]] Result<bool> check_new_root(const NewRoot& next);

}  // namespace zinit
