// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Opening files by paths through folders of users other than root and zinit's own user.
//
// The owner of a folder can replace each entry in it at any time: by a symbolic link, or by one
// more name (a hard link) of another user's file. With root's rights the open would then reach
// files that the owner could not reach. So a path is walked from folder to folder by descriptor,
// and the folder of each entry decides about it:
//
//   the folder is                                  a symbolic link in it    the file in it
//   ours: root's or zinit's own user's, and        is followed              any
//     nobody else may write to it
//   shared: ours, and others may write to it,      is followed if it is     has one name, and is
//     as to /tmp                                   ours                     regular or ours
//   a stranger's                                   is refused               the same
//
// Others may write to a folder if its mode allows everybody, or its group if that is neither root's
// nor zinit's own group. A refusal names the folder and its owner. Links are followed as in the
// kernel, up to 40 of them (path_resolution(7)).
//
// Below a `root`, which is the root directory of a process, the walk is that of this process: an
// absolute link begins there, and `..` does not lead out.
//
// Any thread. May block on a file system, so hold no lock.
#pragma once

#include <sys/stat.h>

#include <string>

#include "base/fd.hpp"

namespace zinit {

/// Whether the last part of a path may be a symbolic link. Earlier parts may be links.
enum class LastLink : bool { refused, followed };

/// The folder that a path ends in, and the last part of the path.
struct FolderOfPath {
  UniqueFd fd;       // O_PATH: for openat(2), renameat(2) and the like
  std::string path;  // empty for the root directory
  struct stat status {};
  std::string name;  // without a slash; "." if the path names a folder
};

/// Whether users other than root and zinit's own can change a file or folder, as its owner or by
/// its mode.
[[nodiscard]] bool others_can_write(const struct stat& status) noexcept;

/// "belongs to uid 1000", or "can be written to by others than its owner, uid 0".
[[nodiscard]] std::string who_can_write(const struct stat& status);

/// Opens the folder that `path` ends in. The last part need not exist.
///
/// @param root  empty: zinit's own. Otherwise `path` is absolute, and `root` does not end in a
///              slash.
/// @return  "cannot open PATH: ..."; ELOOP for a refused link or too many links.
[[nodiscard]] Result<FolderOfPath> open_folder_of(const std::string& path,
                                                  LastLink last = LastLink::refused,
                                                  const std::string& root = {});

/// open(2) by the rules above, always with O_CLOEXEC, O_NOCTTY and O_NONBLOCK.
///
/// @param flags  may contain O_CREAT, but not O_TRUNC: the file is checked after it is open.
/// @return  as for open_folder_of(); EPERM for a refused file.
[[nodiscard]] Result<UniqueFd> open_trusted(const std::string& path, int flags, mode_t mode = 0,
                                            LastLink last = LastLink::refused,
                                            const std::string& root = {});

}  // namespace zinit
