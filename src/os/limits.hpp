// What zinit changes about itself at its start: how many descriptors it may have, and which of
// those it was started with its services may see.
#pragma once

#include <sys/resource.h>

#include "base/result.hpp"

namespace zinit {

/// Raises RLIMIT_NOFILE as far as the kernel lets us: PID 1 begins with 1024 and at most 4096,
/// which a thousand services use up. Only what select(2) is used on needs low numbers; zinit uses
/// none.
/// @return  the limit as it was, for services (SpawnPlan::nofile); raising none of it is no error.
[[nodiscard]] Result<rlimit> raise_descriptor_limit();

/// Has the kernel make the table of descriptors as large as a thousand services need it, or the
/// limit allows. While threads share the table the kernel waits for an RCU grace period whenever it
/// grows, some 10 ms, in which no thread gets a descriptor (expand_fdtable() in fs/file.c). So this
/// is for the start, before the first thread; where it fails the table grows as it is needed.
void make_room_for_descriptors() noexcept;

/// Makes every descriptor above standard error close-on-exec: those that zinit was started with,
/// for its own are so from birth. A kernel since 5.11 does it at once; else /proc/self/fd is read,
/// or, where that is missing, the numbers up to 1024 are gone through.
void mark_inherited_descriptors() noexcept;

}  // namespace zinit
