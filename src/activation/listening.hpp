// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Opens the sockets (all kinds) and FIFOs that clients connect or send to, for proxies and for
// [socket] of services.
//
// Threads: any but a loop's, because every function may block on a file system or a name server.
// When zinit starts, the main thread asks listens_at() about inherited descriptors.
#pragma once

#include <sys/socket.h>

#include <optional>

#include "base/fd.hpp"
#include "base/function_ref.hpp"
#include "io/resolver.hpp"
#include "model/listen_address.hpp"
#include "os/socket_file.hpp"

namespace zinit {

struct ListenOptions {
  // For unix sockets and FIFOs. Unset: zinit's own.
  mode_t mode = 0666;
  std::optional<uid_t> owner;
  std::optional<gid_t> group;
  int backlog = 4096;  // the kernel limits it to net.core.somaxconn
  bool reuse_port = false;
  bool keepalive = false;
  bool freebind = false;
  bool only_ipv6 = false;            // of [::]: connections over IPv4 are another socket's
  bool refuses_descriptors = false;  // over unix sockets (refuse_descriptors())
};

/// The addresses of an endpoint. A name is looked up now, and gives all its addresses.
[[nodiscard]] Result<Addresses> addresses_of(const Endpoint& place);

/// An open socket or FIFO. To close it for good, remove its file too.
struct OpenSocket {
  UniqueFd fd;
  SocketFile file;  // empty for TCP and UDP
};

/// Binds a non-blocking socket to one address of an endpoint, and listens. Makes missing
/// directories of a path, with mode 0755. Replaces a file at the path that nobody has open.
/// @return  EADDRINUSE if somebody else has the address
[[nodiscard]] Result<OpenSocket> open_socket(const SocketAddress& address, ListenType type,
                                             const ListenOptions& options);

/// Opens the FIFO at `path` for reading and writing without blocking, and makes it if it is
/// missing. Because zinit holds a writing end, the FIFO never reports end of file.
/// @return  EEXIST if something else is there
[[nodiscard]] Result<OpenSocket> open_fifo(const std::string& path, const ListenOptions& options);

/// Whether an error of accept4(2) concerns only this connection, which is gone: accept the next
/// one. After any other error but EAGAIN, pause before the next accept4().
[[nodiscard]] bool concerns_connection(int errnum) noexcept;

/// SOCK_STREAM or SOCK_DGRAM, for sockets of this type.
[[nodiscard]] constexpr int socket_type(ListenType type) noexcept {
  return type == ListenType::stream ? SOCK_STREAM : SOCK_DGRAM;
}
/// The same of an open socket; 0: it is no socket.
[[nodiscard]] int type_of(int socket) noexcept;

/// Whether `fd`, opened by this file earlier, listens at `place`. For a name, compares only the
/// port.
[[nodiscard]] bool listens_at(int fd, const ListenAddress& place);

/// Whether a socket bound to [::] takes IPv4 as one would that is opened now: with `only_ipv6` it
/// leaves IPv4 to another socket. A bound socket cannot change this (ipv6(7), IPV6_V6ONLY). True
/// for sockets of other addresses.
[[nodiscard]] bool suits_ipv6(int fd, bool only_ipv6) noexcept;

/// Sets whether sockets that share their port may bind to one port. (socket(7), SO_REUSEPORT)
/// @return  false, with errno, if the socket has no ports
[[nodiscard]] bool share_port(int socket, bool shared) noexcept;

/// Sets other options on an open socket or FIFO, except freebind, which matters only at the bind.
/// Processes that have it open, and waiting data, are not touched.
[[nodiscard]] Result<void> set_options(int fd, const SocketFile& file,
                                       const ListenOptions& options);

/// Calls `open` for each address of a name. An address whose protocol this machine does not have is
/// skipped if another address works.
[[nodiscard]] Result<void> at_each(const Addresses& addresses,
                                   FunctionRef<Result<void>(const SocketAddress&)> open);

}  // namespace zinit
