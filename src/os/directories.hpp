// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Directories that are made for services, and removed after them, below places such as /run.
//
// Both functions walk down from the place by descriptor, and follow no link below it: zinit runs as
// root, and the owner of a directory there may have put anything in the way. The reader of service
// files makes sure that a name is relative, without empty, "." or ".." parts.
//
// Any thread. May block on a file system, so hold no lock.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// Whether a path in `some` equals one in `others`, contains it or lies in it. Compares names only.
[[nodiscard]] bool any_related(std::span<const std::string> some,
                               std::span<const std::string> others);

/// Makes the directory `name` below `place`, owned by `uid` and `gid`, with mode 0755. Missing
/// directories in between belong to zinit's own user. A missing `place` gets `place_mode`. If the
/// directory exists, only its owner is changed.
///
/// @return  "cannot make the directory /run/web: ..."; ELOOP or ENOTDIR if a link or something else
///          is in the way. (mkdirat(2), fchown(2))
[[nodiscard]] Result<void> make_service_directory(const std::string& place, const std::string& name,
                                                  uid_t uid, gid_t gid, mode_t place_mode);

/// How long emptying one directory may take: far more than a million files need.
inline constexpr Milliseconds kRemovalLimit{10000};

/// Removes the directory `name` below `place` with its content. A missing directory is no error.
/// Links are removed, not followed. A mount in it stays, and is an error (EBUSY). Needs five
/// descriptors and the memory for one name, however large the directory is.
///
/// While zinit empties a directory, it owns it, with mode 0700, so that the owner cannot refill it.
/// If `limit` does not suffice, the directory stays and the error is EBUSY; another call continues.
/// A directory that stays gets its owner and mode back.
[[nodiscard]] Result<void> remove_service_directory(const std::string& place,
                                                    const std::string& name,
                                                    Milliseconds limit = kRemovalLimit);

/// Removes everything in the open directory `fd`, and nothing of another mount. An entry that
/// cannot be removed stays, and is the error. ETIMEDOUT: the time did not suffice.
[[nodiscard]] Result<void> empty_directory(int fd, Milliseconds limit);

}  // namespace zinit
