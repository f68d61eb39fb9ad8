// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The control socket's file: see control_socket.hpp.
#include "control/control_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <utility>

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/unix_address.hpp"
#include "io/resolver.hpp"
#include "os/socket_file.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr int kBacklog = 4096;  // the kernel limits it to net.core.somaxconn

Result<sockaddr_un> address_of(const std::string& path) {
  if (path.size() > kUnixPathMax)
    return failure(fmt::format("cannot listen on {}: a socket's path has at most {} bytes", path,
                               kUnixPathMax));
  return unix_address(path);
}

Result<std::string> absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  if (path.empty()) return failure("cannot listen: the socket has no path");
  char here[PATH_MAX];
  if (::getcwd(here, sizeof here) == nullptr) return sys_failure("find", "the working directory");
  return fmt::format("{}/{}", here, path);
}

Result<void> check_private(int directory, const std::string& path) {
  struct stat status {};
  if (::fstat(directory, &status) < 0) return sys_failure("look at", path);
  if (status.st_uid == ::geteuid() && (status.st_mode & 077) == 0) return {};
  return failure(fmt::format("cannot listen in {}: it must be owned by user {} and have mode 0700",
                             path, ::geteuid()));
}

/// Opens the socket's directory, after making it if it is missing.
Result<UniqueFd> open_directory(const ControlSocketSettings& settings, const std::string& path) {
  const std::string directory = folder_of(path);
  if (auto made = make_directories(directory, settings.private_directory ? 0700 : 0755); !made)
    return Failure(made.error());
  const int follow = settings.private_directory ? O_NOFOLLOW : 0;
  auto fd = open_fd(directory.c_str(), O_RDONLY | O_DIRECTORY | follow);
  // A directory that is writable but not readable is enough, but it cannot be locked.
  if (!fd && fd.error().errnum == EACCES && !settings.private_directory) return UniqueFd();
  if (!fd || !settings.private_directory) return fd;
  if (auto checked = check_private(fd->get(), directory); !checked) return Failure(checked.error());
  return fd;
}

/// Prevents two servers that start together from taking each other's new socket for a stale one.
/// Closing the descriptor releases the lock. If another process holds the lock for too long, the
/// server goes on without it.
void lock_directory(int directory, Milliseconds wait) {
  const TimePoint deadline = after(Clock::now(), wait);
  while (::flock(directory, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
    if (Clock::now() >= deadline) return;
    ::poll(nullptr, 0, 10);
  }
}

Result<UniqueFd> bind_and_listen(const sockaddr_un& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return sys_failure("make a socket for", address.sun_path);
  // The file takes its mode from the socket, so others cannot open it even for a moment. The umask,
  // which all threads share, stays unchanged.
  if (::fchmod(fd.get(), 0600) < 0) return sys_failure("protect the socket", address.sun_path);
  if (::bind(fd.get(), generic(address), sizeof address) < 0) {
    return sys_failure("listen on", address.sun_path);
  }
  refuse_descriptors(fd.get());  // also for all accepted connections
  if (::listen(fd.get(), kBacklog) < 0) return sys_failure("listen on", address.sun_path);
  return fd;
}

}  // namespace

Result<ControlSocket> ControlSocket::open(const ControlSocketSettings& settings) {
  Result<std::string> path = absolute(settings.path);
  if (!path) return Failure(path.error());
  const Result<sockaddr_un> address = address_of(*path);
  if (!address) return Failure(address.error());
  const Result<UniqueFd> directory = open_directory(settings, *path);
  if (!directory) return Failure(directory.error());
  lock_directory(directory->get(), settings.lock_wait);
  if (auto cleared = clear_socket_place(*path, SOCK_STREAM); !cleared)
    return Failure(cleared.error());

  Result<UniqueFd> fd = bind_and_listen(*address);
  if (!fd) return Failure(fd.error());
  ControlSocket socket;
  socket.adopt(KeptFd(*std::move(fd), {KeptKind::control_socket}), *std::move(path));
  return socket;
}

void ControlSocket::adopt(KeptFd listening, std::string path) {
  file_ = SocketFile(listening.get(), std::move(path));
  fd_ = std::move(listening);
}

ControlSocket ControlSocket::take_over(KeptFd listening) {
  std::string path(own_address(listening.get()).path());
  ControlSocket socket;
  socket.adopt(std::move(listening), std::move(path));
  return socket;
}

ControlSocket& ControlSocket::operator=(ControlSocket&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::move(other.fd_);
  file_ = std::exchange(other.file_, {});
  return *this;
}

Result<void> ControlSocket::share_with(std::optional<gid_t> group) {
  return file_.give({}, group.value_or(::getegid()), group ? 0660 : 0600);
}

void ControlSocket::close() noexcept {
  if (!fd_) return;
  file_.remove();
  close_shared(fd_.release());
}

}  // namespace zinit
