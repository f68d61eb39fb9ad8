// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes that never block, for any descriptor, even if others use it as well.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/fd.hpp"

namespace zinit {

/// Opens the terminal, device or pipe behind `fd` again, with O_NONBLOCK. This flag belongs to the
/// open file description, which zinit may share with a shell or a service, so zinit must not set it
/// on `fd`. Without the flag no write is safe, because another process may fill a pipe between
/// poll(2) and write(2). Returns an empty UniqueFd for a socket (send(2) has a flag), a file (it
/// would lose its position), a FIFO without a reader, a terminal of another user, and if /proc is
/// not mounted.
[[nodiscard]] UniqueFd reopen_nonblocking(int fd) noexcept;

/// Like write(2), but fails with EAGAIN instead of blocking. For a descriptor without O_NONBLOCK it
/// uses a flag for the single call, which sockets have (and pipes since Linux 6.4). Otherwise it
/// asks poll(2) and writes no more than certainly fits. SIGPIPE must be ignored.
[[nodiscard]] ssize_t write_now(int fd, std::string_view data) noexcept;

}  // namespace zinit
