// What zinit changes at its start about its descriptors: how many it may have, and which of the
// inherited ones its services may see.
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <optional>

#include "base/result.hpp"

namespace zinit {

/// Raises RLIMIT_NOFILE as far as the kernel allows: PID 1 starts with a soft limit of 1024 and a
/// hard limit of 4096, too low for a thousand services. High descriptors break only select(2),
/// which zinit does not use.
/// @return  the previous limit, for services (SpawnPlan::nofile), even if nothing could be raised.
[[nodiscard]] Result<rlimit> raise_descriptor_limit();

/// RLIMIT_NOFILE of services on a machine whose init zinit is, as others have it: 1024, for
/// programs that call select(2), and at most 524288 for those that ask for more. The hard limit of
/// zinit itself bounds both; unset if the kernel does not tell it. After raise_descriptor_limit(),
/// whose result would be what the kernel has given its first process. (getrlimit(2))
[[nodiscard]] std::optional<rlimit> limit_for_services() noexcept;

/// How many descriptors a part of zinit may have: the limit of open files (RLIMIT_NOFILE) as it is
/// now divided by `divisor`, and at least 1. The rest is for others. Any thread. (getrlimit(2))
[[nodiscard]] std::size_t part_of_descriptors(std::size_t divisor) noexcept;

/// Grows the kernel's descriptor table to what a thousand services need, or to the limit. Growing a
/// table that threads share takes an RCU grace period, some 10 ms, in which no thread gets a
/// descriptor (expand_fdtable() in fs/file.c). So call it before the first thread starts. If it
/// fails, the table grows on demand.
void make_room_for_descriptors() noexcept;

/// Makes every inherited descriptor above standard error close-on-exec; zinit opens its own with
/// that flag. The kernel does it in one call since 5.11; before, /proc/self/fd is read, or, if that
/// is missing, all numbers below 1024 are tried.
void mark_inherited_descriptors() noexcept;

}  // namespace zinit
