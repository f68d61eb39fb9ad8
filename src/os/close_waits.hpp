// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What close(2) of a file may wait for.
#pragma once

namespace zinit {

enum class CloseWaits {
  never,    // a pipe
  memory,   // the kernel's own file in memory, as an eventfd or a memory file: the last close may
            // free much memory, but asks nobody
  if_last,  // a socket: the last close may wait until unsent data is sent (SO_LINGER)
  always,   // each close may wait for a flush, as FUSE and NFS do. Also if nothing is known.
};

/// Asks the kernel alone, and not the server of a network file system. Any thread. (statx(2),
/// AT_STATX_DONT_SYNC)
[[nodiscard]] CloseWaits close_waits(int fd) noexcept;

}  // namespace zinit
