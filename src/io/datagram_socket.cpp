// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes datagram sockets. See datagram_socket.hpp.
#include "io/datagram_socket.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "base/unix_address.hpp"

namespace zinit {

namespace {

UniqueFd datagram_socket() noexcept {
  return UniqueFd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

}  // namespace

Result<UniqueFd> make_datagram_socket() {
  UniqueFd fd = datagram_socket();
  if (!fd) return sys_failure("make", "a datagram socket");
  const int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0)
    return sys_failure("ask for credentials on", "a datagram socket");
  return fd;
}

int try_datagram_socket(const std::string& path) noexcept {
  const UniqueFd fd = datagram_socket();
  if (!fd) return errno;
  const sockaddr_un address = unix_address(path);
  return ::connect(fd.get(), generic(address), sizeof address) == 0 ? 0 : errno;
}

}  // namespace zinit
