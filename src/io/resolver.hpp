// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Resolves host names, on a loop and without NSS, which a static program cannot load: numeric
// addresses, /etc/hosts, `localhost`, then DNS by c-ares. nsswitch.conf is ignored.
//
// A query is sent at most three times and fails after some seconds. A caller that wants to wait
// less drops its Query. Callers that ask for the same name share a query to the servers. While no
// query is under way, there are no sockets, no timers and no wake-ups.
//
// Before each look-up, /etc/resolv.conf and /etc/hosts are checked by stat(2) and read again if
// they changed. Answers from DNS are not cached, so that a probe or a sink follows changes at once.
//
// Threads: only the loop's.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "io/loop.hpp"
#include "model/endpoint.hpp"

namespace zinit {

/// An address for connect(2).
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  /// The bytes of the host of an IP address, and its port.
  [[nodiscard]] std::string_view host() const noexcept;
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// Of a unix socket's address.
  [[nodiscard]] std::string_view path() const noexcept;
};
using Addresses = std::vector<SocketAddress>;

/// The address of a unix socket; see unix_address().
[[nodiscard]] SocketAddress local_address(std::string_view path);
/// The host of an IP address: "127.0.0.1" or "::1".
[[nodiscard]] std::string host_text(const SocketAddress& address);
/// "127.0.0.1:80", "[::1]:80" or "unix:/run/x".
[[nodiscard]] std::string address_text(const SocketAddress& address);

/// The address that a socket is bound to, and the address that it is connected to. Size 0: the
/// kernel reported none. (getsockname(2), getpeername(2))
[[nodiscard]] SocketAddress own_address(int socket) noexcept;
[[nodiscard]] SocketAddress peer_address(int socket) noexcept;
/// Makes close(2) reset the connection. No effect on a unix socket, which is only closed.
/// (socket(7), SO_LINGER)
void reset_at_close(int socket) noexcept;

/// The addresses of `name` (in lower case) in `text`, which has the format of hosts(5): at most
/// Resolver::kMaxAddresses, with port 0.
[[nodiscard]] Addresses in_hosts(std::string_view text, const std::string& name);

/// The files that say how names are resolved.
struct ResolverFiles {
  std::string hosts = "/etc/hosts";
  std::string resolv_conf = "/etc/resolv.conf";
  std::uint16_t port = 53;  // of the name servers; only tests change it
};

/// Resolver::resolve() with its own loop; blocks until the answer, some seconds at most. On any
/// thread that serves nobody else.
[[nodiscard]] Result<Addresses> resolve_now(const std::string& host, std::uint16_t port);

class Resolver {
 public:
  /// At least one address, in the order in which to try them; or an error.
  using Answer = std::function<void(Result<Addresses>)>;
  /// A look-up under way. Destroying it cancels it.
  using Query = std::shared_ptr<Answer>;

  explicit Resolver(EventLoop& loop, ResolverFiles files = {});
  ~Resolver();
  Resolver& operator=(Resolver&&) = delete;

  /// Looks up the addresses of `host`, each with `port`. `answer` may be called before this
  /// returns; the Query is null then. May throw std::bad_alloc. Blocks only to read a local file.
  [[nodiscard]] Query resolve(const std::string& host, std::uint16_t port, Answer answer);
  /// The same for a place to connect to. The path of a unix socket is looked up first, without
  /// blocking, because its file system may hang.
  [[nodiscard]] Query resolve(const Endpoint& endpoint, Answer answer);

  /// Further addresses of a name are ignored.
  static constexpr std::size_t kMaxAddresses = 16;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zinit
