// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What zinit changes at its start about its descriptors: how many it may have, and which inherited
// ones its services see.
//
// Without make_room_for_descriptors() the table grew six times on the way to 1,000 services, which
// was half of the time of their start.
#pragma once

#include <sys/resource.h>

#include <cstddef>
#include <optional>

#include "base/result.hpp"

namespace zinit {

/// Raises RLIMIT_NOFILE as far as the kernel allows. PID 1 starts with a soft limit of 1024 and a
/// hard limit of 4096, too low for a thousand services. High descriptors break only select(2),
/// which zinit does not use.
/// @return  the previous limit, for services (SpawnPlan::nofile), even if nothing could be raised
[[nodiscard]] Result<rlimit> raise_descriptor_limit();

/// RLIMIT_NOFILE for services when zinit is the machine's init, as other inits set it: soft 1024,
/// for programs that call select(2), and hard 524288, for programs that ask for more, but not above
/// zinit's own hard limit. Unset if the kernel does not report this limit. Call after
/// raise_descriptor_limit(), whose result would be the limit of the kernel's first process.
/// (getrlimit(2))
[[nodiscard]] std::optional<rlimit> limit_for_services() noexcept;

/// How many descriptors a part of zinit may have: the current limit of open files (RLIMIT_NOFILE)
/// divided by `divisor`, and at least 1. The rest is for others. Any thread. (getrlimit(2))
[[nodiscard]] std::size_t part_of_descriptors(std::size_t divisor) noexcept;

/// Grows the kernel's descriptor table to the size for a thousand services, or to the limit.
/// Growing a table that threads share takes an RCU grace period, some 10 ms, in which no thread
/// gets a descriptor (expand_fdtable() in fs/file.c). So call before the first thread starts. If
/// this fails, the table grows on demand.
void make_room_for_descriptors() noexcept;

/// Makes every inherited descriptor above standard error close-on-exec. zinit opens its own with
/// this flag. Since 5.11 the kernel does it in one call. Before, /proc/self/fd is read; if it is
/// missing, all numbers below 1024 are tried.
void mark_inherited_descriptors() noexcept;

}  // namespace zinit
