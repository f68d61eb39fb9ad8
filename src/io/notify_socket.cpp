// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Opens notify sockets and receives from them. See notify_socket.hpp.
#include "io/notify_socket.hpp"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

#include "base/format.hpp"
#include "base/unix_address.hpp"
#include "io/notify_message.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr int kNameAttempts = 8;  // to find an unused name

Result<void> bind_to(int fd, const std::string& name) {
  const sockaddr_un address = unix_address(name);
  if (name.size() > kUnixPathMax) return sys_failure("bind a notify socket to", name, ENAMETOOLONG);
  const auto size = offsetof(sockaddr_un, sun_path) + name.size();
  if (::bind(fd, generic(address), static_cast<socklen_t>(size)) < 0)
    return sys_failure("bind a notify socket to", name);
  return {};
}

}  // namespace

Result<NotifySocket> NotifySocket::at_path(const std::string& path, std::optional<uid_t> user) {
  auto fd = make_datagram_socket();
  if (!fd) return Failure(fd.error());
  if (const auto bound = bind_to(fd->get(), path); !bound) return Failure(bound.error());
  NotifySocket socket(std::move(*fd), path);
  // Nobody else can replace the file: its folder is zinit's.
  if (::chmod(path.c_str(), user ? 0600 : 0666) < 0) return sys_failure("set the mode of", path);
  if (user && *user != ::geteuid() && ::lchown(path.c_str(), *user, static_cast<gid_t>(-1)) < 0)
    return sys_failure("set the owner of", path);
  return socket;
}

Result<NotifySocket> NotifySocket::abstract() {
  auto fd = make_datagram_socket();
  if (!fd) return Failure(fd.error());
  for (int attempt = 0;; ++attempt) {
    std::uint64_t random[2] = {};
    if (::getrandom(random, sizeof random, GRND_NONBLOCK) < 0) random[0] = std::uint64_t(attempt);
    const std::string name =
        fmt::format("zinit/{}/{:016x}{:016x}", ::getpid(), random[0], random[1]);
    const auto bound = bind_to(fd->get(), std::string(1, '\0') + name);
    if (bound) return NotifySocket(std::move(*fd), "@" + name);
    if (bound.error().errnum != EADDRINUSE || attempt >= kNameAttempts)
      return Failure(bound.error());
  }
}

Result<NotifySocket> NotifySocket::take_over(UniqueFd fd) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0)
    return sys_failure("look at", "a notify socket");
  constexpr std::size_t head = offsetof(sockaddr_un, sun_path);
  std::string name(address.sun_path, std::min<std::size_t>(size, sizeof address) - head);
  if (name.starts_with('\0'))
    name.front() = '@';
  else
    name.resize(std::min(name.size(), name.find('\0')));
  return NotifySocket(std::move(fd), std::move(name));
}

NotifySocket::~NotifySocket() {
  if (fd_ && address_.starts_with('/')) ::unlink(address_.c_str());
  close_socket(fd_.release());
}

Received NotifySocket::receive(std::string& buffer, Datagram& datagram) {
  buffer.resize(kNotifyMessageMax);
  return receive_datagram(fd_.get(), buffer, datagram);
}

bool NotifySocket::take(std::string& buffer, Datagram& datagram) {
  buffer.resize(kNotifyMessageMax);
  if (!take_datagram(fd_.get(), buffer, datagram)) return false;
  for (UniqueFd& fd : datagram.fds) leave_lowest(fd);
  return true;
}

}  // namespace zinit
