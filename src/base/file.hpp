// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files, links and directories that are put in place as a whole, so that a loss of power, a full
// disk or another writer leaves the old or the new one, and nothing in between.
//
// Each function that changes a directory entry also syncs the directory. A fault before the change
// is a failure, and nothing has changed. A fault after the change is a Remark: the change is made,
// but a loss of power may undo it.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// Why a loss of power may undo a change; empty: it cannot.
using Remark = std::string;

/// Mode, owner and group for a file. The umask does not change the mode. An owner or group of -1
/// means the writing process's own.
struct FileOwner {
  mode_t mode = 0644;
  uid_t uid = static_cast<uid_t>(-1);
  gid_t gid = static_cast<gid_t>(-1);
};

/// Mode, owner and group of an existing file.
[[nodiscard]] FileOwner owner_of(const struct stat& there) noexcept;

/// Whether anything exists at `path`; a dangling symbolic link counts.
[[nodiscard]] bool path_exists(const std::string& path) noexcept;

/// What `path` leads to, such as S_IFDIR; 0, with errno, if it leads to nothing.
[[nodiscard]] mode_t type_at(const std::string& path) noexcept;

/// Makes the directory with `mode`, and missing directories above it with mode 0755. Existing
/// directories stay as they are. `path` does not end in a slash.
[[nodiscard]] Result<void> make_directories(const std::string& path, mode_t mode);

/// Replaces the file at `path` as a whole: writes a temporary file beside it, fsync, rename, fsync
/// of the directory. Several processes may do this at once; the last one wins. A failure leaves no
/// temporary file behind. A crash may leave one, named `.zinit-*.new~`, which is never read as a
/// service file. If the owner cannot be set, the file belongs to the caller. If the group cannot be
/// set, the group gets only the rights of all others, because a wrong group must not get the rights
/// meant for another.
[[nodiscard]] Result<Remark> replace_file(const std::string& path, std::string_view data,
                                          const FileOwner& owner);

/// Makes the symbolic link `path`; with `replace`, it replaces an existing file.
[[nodiscard]] Result<Remark> make_link(const std::string& target, const std::string& path,
                                       bool replace = false);

/// unlink(2), then syncs the directory.
[[nodiscard]] Result<Remark> remove_file(const std::string& path);

}  // namespace zinit
