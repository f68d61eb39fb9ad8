// Writing that never blocks, whatever the descriptor is and whoever shares it.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/fd.hpp"

namespace zinit {

/// An opening of our own, with O_NONBLOCK, of the terminal, device or pipe that `fd` refers to. The
/// flag belongs to an opening, and that of `fd` zinit may share with a shell, or with a service
/// that floods it: it is not ours to change, and without it no write is safe, since between
/// poll(2) and write(2) another may take the room. None where there is nothing to open anew: a
/// socket, which can be written to without, a file, which has its position, a FIFO that nobody
/// reads, a terminal of another user's; and without /proc.
[[nodiscard]] UniqueFd reopen_nonblocking(int fd) noexcept;

/// write(2) that does not block: EAGAIN where the descriptor takes nothing now. Descriptors without
/// O_NONBLOCK are asked first by all that there is: sockets and pipes can be told so for one call
/// (pipes since Linux 6.4), for the rest poll(2) has to do, and no more is written than fits then.
/// SIGPIPE must be ignored.
[[nodiscard]] ssize_t write_now(int fd, std::string_view data) noexcept;

}  // namespace zinit
