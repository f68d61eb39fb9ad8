// Unix sockets that receive datagrams from anybody, with the sender's credentials: /dev/log and the
// notify sockets (unix(7)). os/unix_receive.hpp receives from them.
//
// Threads: any, but only one at a time for each socket. Nothing here blocks.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

/// Makes a socket that is not bound yet. The kernel adds the sender's credentials to each datagram.
[[nodiscard]] Result<UniqueFd> make_datagram_socket();

/// Tries to connect to the socket at `path`.
/// @return  0 if some process has it open, else errno; ECONNREFUSED if none has, or it is no socket
[[nodiscard]] int try_datagram_socket(const std::string& path) noexcept;

}  // namespace zinit
