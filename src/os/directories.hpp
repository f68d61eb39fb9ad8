// Directories that are made for services, and removed after them, below places such as /run.
//
// Both walk from the place down by descriptor and follow no link below it: whoever owns a
// directory there may have put anything in the way, and zinit does this as root. A name is
// relative, without "..", empty or "." parts (the reader of service files sees to it).
//
// Any thread; touches file systems, so no lock held.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "base/result.hpp"

namespace zinit {

/// Whether one of `some` is one of `others`, or lies in or above one. By their names alone.
[[nodiscard]] bool any_related(std::span<const std::string> some,
                               std::span<const std::string> others);

/// Makes the directory `name` below `place` with owner `uid` and `gid` and mode 0755. What lies
/// between them is made too, as zinit's own; `place` itself, if it is missing, with `place_mode`.
/// One that is there gets the owner and keeps its mode and what it holds.
///
/// @return  "cannot make the directory /run/web: ..."; ELOOP or ENOTDIR where a link or something
///          else is in the way. (mkdirat(2), fchown(2))
[[nodiscard]] Result<void> make_service_directory(const std::string& place,
                                                  const std::string& name, uid_t uid, gid_t gid,
                                                  mode_t place_mode);

/// Removes the directory `name` below `place` with all that it holds. One that is not there is
/// fine. Links are removed, not followed; what is mounted in it stays, and is an error (EBUSY).
/// Needs five descriptors, and no more memory than for one name, however much it holds.
[[nodiscard]] Result<void> remove_service_directory(const std::string& place,
                                                    const std::string& name);

}  // namespace zinit
