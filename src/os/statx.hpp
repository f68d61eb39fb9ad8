// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What statx(2) reports and the headers of some libraries do not name.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace zinit {

/// STATX_ATTR_MOUNT_ROOT of Linux 5.8, which musl 1.2.5 has not, and whose header <linux/stat.h>
/// cannot be included beside that of musl.
inline constexpr std::uint64_t kIsMountRoot = 0x2000;

}  // namespace zinit
