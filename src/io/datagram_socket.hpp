// Unix sockets that take datagrams from anybody, each with the credentials of who sent it: /dev/log
// and the notify sockets. (unix(7))
//
// Any thread, one at a time for each socket. Nothing here blocks.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace zinit {

/// One datagram. The descriptors that came with it are closed with it, unless they are taken.
struct Datagram {
  std::string_view text;  // in the buffer it was received into
  pid_t sender = 0;       // 0: not known here, of another pid namespace for instance
  std::vector<UniqueFd> fds;
  bool whole = true;  // false: it was too long, or descriptors were lost on its way
};

// SCM_MAX_FD of the kernel: no datagram carries more.
inline constexpr std::size_t kMostFds = 253;

// What comes beside a datagram: who sent it, and descriptors.
inline constexpr std::size_t kCredentialsBytes = CMSG_SPACE(sizeof(ucred));
inline constexpr std::size_t kFdsBytes = CMSG_SPACE(sizeof(int) * kMostFds);

/// A socket without a name. Credentials are asked for before it has one: every datagram has them.
[[nodiscard]] Result<UniqueFd> make_datagram_socket();

/// The next datagram, into `buffer`, and what comes beside it by way of `beside`, which is aligned
/// as cmsghdr: descriptors that it has no room for are closed by the kernel. False where there is
/// none. What cannot be received for want of memory or descriptors is lost, and is not whole.
/// (recvmsg(2), cmsg(3))
[[nodiscard]] bool receive_datagram(int fd, std::span<char> buffer, std::span<std::byte> beside,
                                    Datagram& datagram);

/// What a connection to the socket at `path` meets: 0 where somebody has it, else errno:
/// ECONNREFUSED where nobody has, or it is no socket.
[[nodiscard]] int try_datagram_socket(const std::string& path) noexcept;

}  // namespace zinit
