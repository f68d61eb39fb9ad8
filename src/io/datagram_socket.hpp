// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Unix sockets that receive datagrams with their sender's credentials from anybody: /dev/log and
// the notify sockets (unix(7)). os/unix_receive.hpp receives the datagrams.
//
// Threads: any, but one at a time for each socket. Nothing here blocks.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

/// Makes an unbound socket. The kernel adds the sender's credentials to each datagram.
[[nodiscard]] Result<UniqueFd> make_datagram_socket();

/// Tries to connect to the socket at `path`.
/// @return  0 if a process has it open, else errno. ECONNREFUSED: none has, or it is no socket.
[[nodiscard]] int try_datagram_socket(const std::string& path) noexcept;

}  // namespace zinit
