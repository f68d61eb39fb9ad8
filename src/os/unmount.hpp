// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Unmounts file systems and turns off swap, when a machine goes down.
//
// Call in a process with one thread that can be given up (machine/last_steps.cpp). A child process
// unmounts each mount, because an unanswering device or server may make it hang. So a hanging mount
// keeps no other from being unmounted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// Writes back all mounted file systems, all at the same time. May take long, but gives up if
/// nothing at all was written for kWithoutProgress.
/// @return  an error for each that could not be written. (syncfs(2); proc(5), /proc/meminfo)
[[nodiscard]] std::vector<Error> sync_all();
inline constexpr Milliseconds kWithoutProgress{10'000};

/// Unmounts everything in unmount_order() (os/mount.hpp) and detaches loop devices, repeatedly
/// while any of it succeeds. A mount that has not answered by `give_up` is unmounted by force,
/// which fails requests that a server still owes. Then remounts the rest read-only, including the
/// root. Both together take at most kAfterGivingUp.
///
/// @param below  only mounts below this directory, not the root, and no loop devices
/// @return  an error for each that does not answer, or could not be made read-only
/// Files that this process has open keep a file system busy. (umount2(2), loop(4))
[[nodiscard]] std::vector<Error> unmount_all(TimePoint give_up, const std::string& below = "/");
inline constexpr Milliseconds kAfterGivingUp{12'000};

/// The devices and files in a text of /proc/swaps.
[[nodiscard]] std::vector<std::string> parse_swaps(std::string_view text);

/// Turns all swap off. @return an error for each area that stays. May take long, because swapped
/// pages are read back.
[[nodiscard]] std::vector<Error> swap_off_all();

}  // namespace zinit
