// Directories that are made for services, and removed after them, below places such as /run.
//
// Both functions walk down from the place by descriptor and follow no link below it: zinit does
// this as root, and the owner of a directory there may have put anything in the way. The reader of
// service files makes sure that a name is relative, without empty, "." or ".." parts.
//
// Any thread. May block on a file system, so hold no lock.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// Whether a path in `some` equals one in `others`, contains it or lies in it, by their names
/// alone.
[[nodiscard]] bool any_related(std::span<const std::string> some,
                               std::span<const std::string> others);

/// Makes the directory `name` below `place`, owned by `uid` and `gid`, with mode 0755. Missing
/// directories in between belong to zinit's own user; `place` itself, if missing, gets
/// `place_mode`. If the directory exists, only its owner is changed.
///
/// @return  "cannot make the directory /run/web: ..."; ELOOP or ENOTDIR if a link or something else
///          is in the way. (mkdirat(2), fchown(2))
[[nodiscard]] Result<void> make_service_directory(const std::string& place, const std::string& name,
                                                  uid_t uid, gid_t gid, mode_t place_mode);

/// How long one directory may be emptied: far more than a million files take.
inline constexpr Milliseconds kRemovalLimit{10000};

/// Removes the directory `name` below `place` with its content; it is no error if it does not
/// exist. Links are removed, not followed; a mount in it stays, and is an error (EBUSY). Needs five
/// descriptors and the memory for one name, however large the directory is.
///
/// What is emptied belongs to zinit meanwhile, with mode 0700, so that its owner cannot go on
/// filling it. If that does not suffice within `limit`, the directory stays and the error is EBUSY;
/// another call goes on with what is left. A directory that stays gets owner and mode back.
[[nodiscard]] Result<void> remove_service_directory(const std::string& place,
                                                    const std::string& name,
                                                    Milliseconds limit = kRemovalLimit);

/// Removes everything in the open directory `fd`, and nothing of another mount. What cannot be
/// removed stays, and is the error; ETIMEDOUT: there was no time for all.
[[nodiscard]] Result<void> empty_directory(int fd, Milliseconds limit);

}  // namespace zinit
