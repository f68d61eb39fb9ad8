// Opens what others connect or send to: sockets of all kinds and FIFOs, for proxies and for
// [socket] of services.
//
// Threads: any, but not a loop's: all of it may block on a file system or on a name server.
#pragma once

#include <functional>
#include <optional>

#include "base/fd.hpp"
#include "io/resolver.hpp"
#include "model/listen_address.hpp"
#include "os/socket_file.hpp"

namespace zinit {

struct ListenOptions {
  // Of unix sockets and FIFOs; unset: zinit's own.
  mode_t mode = 0666;
  std::optional<uid_t> owner;
  std::optional<gid_t> group;
  int backlog = 4096;  // the kernel takes net.core.somaxconn at most
  bool reuse_port = false;
  bool keepalive = false;
  bool freebind = false;
  bool refuses_descriptors = false;  // over unix sockets (refuse_descriptors())
};

/// The addresses of a place: for a name all that it has, looked up now.
[[nodiscard]] Result<Addresses> addresses_of(const Endpoint& place);

/// What is open at an address. Who closes it for good removes its file.
struct OpenSocket {
  UniqueFd fd;
  SocketFile file;  // none for TCP and UDP
};

/// Binds a socket that does not block to one of the addresses of a place, and listens. Missing
/// directories of a path are made, with mode 0755. What nobody has open at a path is replaced.
/// @return  EADDRINUSE if somebody else has the address
[[nodiscard]] Result<OpenSocket> open_socket(const SocketAddress& address, ListenType type,
                                             const ListenOptions& options);

/// Opens the FIFO at `path` for reading and writing, so that it never has an end, without blocking;
/// makes it if there is none.
/// @return  EEXIST if something else is there
[[nodiscard]] Result<OpenSocket> open_fifo(const std::string& path, const ListenOptions& options);

/// Whether an error of accept4(2) is about the connection, which is gone, and others may be there.
/// After any other but EAGAIN a pause is in place.
[[nodiscard]] bool concerns_connection(int errnum) noexcept;

/// Whether `fd`, which was opened here once, listens at `place`. Of a name the port alone is looked
/// at.
[[nodiscard]] bool listens_at(int fd, const ListenAddress& place);

/// Whether others who share theirs, too, may bind to the same port. (socket(7), SO_REUSEPORT)
/// @return  false, with errno, if it is a socket without ports
[[nodiscard]] bool share_port(int socket, bool shared) noexcept;

/// Gives what open_socket() or open_fifo() has opened other options, but for freebind, which is
/// over with the bind. Who has it open, and what waits there, is not touched.
[[nodiscard]] Result<void> set_options(int fd, const SocketFile& file,
                                       const ListenOptions& options);

/// Calls `open` for each address of a name. One of a protocol that this machine does not have is
/// passed over, as long as there is another.
[[nodiscard]] Result<void> at_each(const Addresses& addresses,
                                   const std::function<Result<void>(const SocketAddress&)>& open);

}  // namespace zinit
