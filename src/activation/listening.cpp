// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Binds sockets and listens. See listening.hpp.
#include "activation/listening.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "base/trusted_path.hpp"
#include "base/unix_address.hpp"
#include "os/unix_receive.hpp"

namespace zinit {

namespace {

Failure cannot_listen(const std::string& where, int errnum = errno) {
  return sys_failure("listen on", where, errnum);
}

bool set(int socket, int level, int option, bool on) noexcept {
  const int value = on ? 1 : 0;
  return ::setsockopt(socket, level, option, &value, sizeof value) == 0;
}

bool is_only_ipv6(int socket) noexcept {
  return socket_option(socket, IPPROTO_IPV6, IPV6_V6ONLY).value_or(0) != 0;
}

bool set_inet(int socket, const ListenOptions& options) {
  return share_port(socket, options.reuse_port) &&
         set(socket, SOL_SOCKET, SO_KEEPALIVE, options.keepalive);
}

/// Gives a new socket or FIFO its owner and mode, or removes its file.
Result<OpenSocket> with_owner(UniqueFd fd, const std::string& path, const ListenOptions& options) {
  SocketFile file(fd.get(), path);
  if (auto given = file.give(options.owner, options.group, options.mode); !given) {
    file.remove();
    return Failure(given.error());
  }
  return OpenSocket{std::move(fd), std::move(file)};
}

Result<OpenSocket> bind_path(UniqueFd fd, const SocketAddress& address, int type,
                             const ListenOptions& options) {
  const std::string path(address.path());
  if (auto made = make_directories(folder_of(path), 0755); !made) return Failure(made.error());
  if (auto cleared = clear_socket_place(path, type); !cleared) return Failure(cleared.error());
  // bind() gives the file the socket's mode: only zinit has access until the owner is set.
  if (::fchmod(fd.get(), options.mode & 0600) < 0 ||
      ::bind(fd.get(), address.get(), address.size) < 0)
    return cannot_listen(path);
  return with_owner(std::move(fd), path, options);
}

}  // namespace

Result<Addresses> addresses_of(const Endpoint& place) {
  if (!place.socket.empty()) return Addresses{local_address(place.socket)};
  return resolve_now(place.host, place.port);
}

Result<OpenSocket> open_socket(const SocketAddress& address, ListenType type,
                               const ListenOptions& options) {
  const int family = address.storage.ss_family;
  const int kind = socket_type(type);
  const std::string where = address_text(address);
  UniqueFd fd(::socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return sys_failure("make a socket for", where);
  OpenSocket open;
  if (family == AF_UNIX) {
    if (options.refuses_descriptors) refuse_descriptors(fd.get());
    auto bound = bind_path(std::move(fd), address, kind, options);
    if (!bound) return bound;
    open = *std::move(bound);
  } else {
    // A new server can bind the port while connections of the previous server are in TIME_WAIT.
    const bool ready = set(fd.get(), SOL_SOCKET, SO_REUSEADDR, kind == SOCK_STREAM) &&
                       set_inet(fd.get(), options) &&
                       (!options.only_ipv6 || set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, true)) &&
                       set(fd.get(), SOL_IP, IP_FREEBIND, options.freebind);
    if (!ready || ::bind(fd.get(), address.get(), address.size) < 0) return cannot_listen(where);
    open.fd = std::move(fd);
  }
  if (kind == SOCK_STREAM && ::listen(open.fd.get(), options.backlog) < 0) {
    const int errnum = errno;
    open.file.remove();
    return cannot_listen(where, errnum);
  }
  return open;
}

Result<OpenSocket> open_fifo(const std::string& path, const ListenOptions& options) {
  if (auto made = make_directories(folder_of(path), 0755); !made) return Failure(made.error());
  const bool is_new = ::mkfifo(path.c_str(), options.mode & 0600) == 0;
  if (!is_new && errno != EEXIST) return sys_failure("make the FIFO", path);
  // Does not follow a symbolic link of another user: its target could be anything.
  auto fd = open_trusted(path, O_RDWR);
  if (!fd) {
    if (is_new) ::unlink(path.c_str());
    return Failure(std::move(fd.error()));
  }
  struct stat status {};
  if (::fstat(fd->get(), &status) < 0) return sys_failure("look at", path);
  if (!S_ISFIFO(status.st_mode))
    return Failure(
        Error{fmt::format("cannot listen on {}: it exists and is no FIFO", path), EEXIST});
  if (!is_new) return OpenSocket{*std::move(fd), {}};  // somebody else's stays as it is
  return with_owner(*std::move(fd), path, options);
}

bool concerns_connection(int errnum) noexcept {
  constexpr std::array kPassing = {EINTR,     ECONNABORTED, ENETDOWN,     EPROTO,     ENOPROTOOPT,
                                   EHOSTDOWN, ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH};
  return contains(kPassing, errnum);
}

int type_of(int socket) noexcept { return socket_option(socket, SOL_SOCKET, SO_TYPE).value_or(0); }

bool listens_at(int fd, const ListenAddress& place) {
  const std::string& path = place.place.socket;
  if (place.type == ListenType::fifo) {
    struct stat there {};
    struct stat open {};
    if (::fstat(fd, &open) < 0 || !S_ISFIFO(open.st_mode)) return false;
    // A recovery asks this. The kernel knows the path without the file system, which may not
    // answer.
    std::array<char, PATH_MAX> known{};
    const auto size =
        ::readlink(fmt::format("/proc/self/fd/{}", fd).c_str(), known.data(), known.size());
    if (size > 0 && std::string_view(known.data(), static_cast<std::size_t>(size)) == path)
      return true;
    return ::stat(path.c_str(), &there) < 0 ||
           (there.st_dev == open.st_dev && there.st_ino == open.st_ino);
  }
  if (type_of(fd) != socket_type(place.type)) return false;
  const std::string at = address_text(own_address(fd));
  if (!path.empty()) return at == fmt::format("unix:{}", path);
  if (!at.ends_with(fmt::format(":{}", place.place.port))) return false;
  std::array<char, sizeof(in6_addr)> number{};
  const char* const host = place.place.host.c_str();
  const bool numeric = ::inet_pton(AF_INET, host, number.data()) == 1 ||
                       ::inet_pton(AF_INET6, host, number.data()) == 1;
  if (!numeric) return true;
  const auto wants = resolve_now(place.place.host, place.place.port);
  return wants && std::ranges::any_of(
                      *wants, [&](const SocketAddress& one) { return address_text(one) == at; });
}

bool suits_ipv6(int fd, bool only_ipv6) noexcept {
  const SocketAddress own = own_address(fd);
  if (own.storage.ss_family != AF_INET6) return true;
  // Other addresses have the option set by bind(2), where it means nothing.
  const auto& at = reinterpret_cast<const sockaddr_in6&>(own.storage).sin6_addr;
  if (!IN6_IS_ADDR_UNSPECIFIED(&at) || is_only_ipv6(fd) == only_ipv6) return true;
  if (only_ipv6) return false;
  // The sysctl net.ipv6.bindv6only may set it for every socket.
  const UniqueFd fresh(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return fresh && is_only_ipv6(fresh.get());
}

bool share_port(int socket, bool shared) noexcept {
  return set(socket, SOL_SOCKET, SO_REUSEPORT, shared);
}

Result<void> set_options(int fd, const SocketFile& file, const ListenOptions& options) {
  const SocketAddress at = own_address(fd);
  if (socket_option(fd, SOL_SOCKET, SO_ACCEPTCONN).value_or(0) != 0 &&
      ::listen(fd, options.backlog) < 0)
    return sys_failure("set the backlog of", address_text(at));
  if (!file.path().empty())
    return file.give(options.owner.value_or(::geteuid()), options.group.value_or(::getegid()),
                     options.mode);
  // A FIFO that already existed has no address, and keeps its owner's settings.
  if (at.size > 0 && !set_inet(fd, options)) return sys_failure("set options of", address_text(at));
  return {};
}

Result<void> at_each(const Addresses& addresses,
                     FunctionRef<Result<void>(const SocketAddress&)> open) {
  std::optional<Error> lacking;
  std::size_t there = 0;
  for (const SocketAddress& address : addresses) {
    auto opened = open(address);
    const int errnum = opened ? 0 : opened.error().errnum;
    if (opened)
      ++there;
    else if (errnum == EAFNOSUPPORT || errnum == EADDRNOTAVAIL)
      lacking = std::move(opened.error());
    else
      return opened;
  }
  return there == 0 && lacking ? Failure(*std::move(lacking)) : Result<void>();
}

}  // namespace zinit
