// Names of hosts to addresses, on a loop and without NSS, which a static program cannot load:
// addresses as they stand, `localhost`, /etc/hosts, then DNS by c-ares. nsswitch.conf is not looked
// at.
//
// A server that is slow, silent or lying costs nobody but who asked. A question is asked three
// times at the most and given up after some seconds; who wants to wait less drops his Query. Of one
// name at most one question is under way, for all who ask. While there is none, there are no
// sockets, no timers and no wake-ups.
//
// /etc/resolv.conf and /etc/hosts are looked at (stat(2)) with each question, and read again when
// they have changed. Nothing that comes from DNS is kept: who asks again wants to know how it is
// now.
//
// Threads: all on the loop's.
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

namespace zinit {

/// An address for connect(2).
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};
using Addresses = std::vector<SocketAddress>;

/// Of a unix socket; see unix_address().
[[nodiscard]] SocketAddress local_address(std::string_view path);
/// "127.0.0.1:80", "[::1]:80" or "unix:/run/x".
[[nodiscard]] std::string address_text(const SocketAddress& address);

/// What says how names are resolved.
struct ResolverFiles {
  std::string hosts = "/etc/hosts";
  std::string resolv_conf = "/etc/resolv.conf";
  std::uint16_t port = 53;  // where the servers of resolv.conf listen, which has no word for it
};

class Resolver {
 public:
  /// At least one address, in the order in which they are to be tried; or why there is none.
  using Answer = std::function<void(Result<Addresses>)>;
  /// A question under way: destroyed, its answer is not told any more.
  using Query = std::shared_ptr<Answer>;

  explicit Resolver(EventLoop& loop, ResolverFiles files = {});
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Asks for the addresses of `host` with `port`. The answer may be told before this returns: then
  /// the Query is null. May throw std::bad_alloc. Blocks for no more than a local file's reading.
  [[nodiscard]] Query resolve(const std::string& host, std::uint16_t port, Answer answer);

  /// More addresses of one name are not told.
  static constexpr std::size_t kMaxAddresses = 16;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace zinit
