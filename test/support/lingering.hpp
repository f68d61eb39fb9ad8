// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// A descriptor whose last close blocks: a TCP socket with SO_LINGER and data that its peer does not
// read. It needs no privilege.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace zinit::test {

/// The peer, which never reads. When it is gone the socket no longer lingers.
class Lingering {
 public:
  Lingering() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    ::bind(listener_, generic, size);
    ::listen(listener_, 64);
    ::getsockname(listener_, generic, &size);
    port_ = address.sin_port;
  }
  ~Lingering() { ::close(listener_); }
  Lingering(const Lingering&) = delete;
  Lingering& operator=(const Lingering&) = delete;

  /// Makes one more such socket; -1: failed. The caller sends it away, and must not close it last.
  [[nodiscard]] int make() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = port_;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return -1;
    const std::string bytes(65536, 'x');
    while (::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) continue;
    const linger wait{1, 30000};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &wait, sizeof wait);
    return fd;
  }

 private:
  int listener_ = -1;
  in_port_t port_ = 0;
};

}  // namespace zinit::test
