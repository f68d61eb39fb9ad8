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
#include "os/unix_receive.hpp"

namespace zinit {

namespace {

constexpr int kBacklog = 4096;  // the kernel takes net.core.somaxconn at most

Result<sockaddr_un> address_of(const std::string& path) {
  if (path.size() > kUnixPathMax)
    return failure(
        fmt::format("cannot listen on {}: a socket's path may have {} bytes", path, kUnixPathMax));
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

/// The socket's directory, made if it is missing.
Result<UniqueFd> open_directory(const ControlSocketSettings& settings, const std::string& path) {
  const std::string directory = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  if (auto made = make_directories(directory, settings.private_directory ? 0700 : 0755); !made)
    return Failure(made.error());
  const int follow = settings.private_directory ? O_NOFOLLOW : 0;
  auto fd = open_fd(directory.c_str(), O_RDONLY | O_DIRECTORY | follow);
  // A directory that is writable but not readable will do, though it cannot be locked.
  if (!fd && fd.error().errnum == EACCES && !settings.private_directory) return UniqueFd();
  if (!fd || !settings.private_directory) return fd;
  if (auto checked = check_private(fd->get(), directory); !checked) return Failure(checked.error());
  return fd;
}

/// Keeps two servers that start at the same time from each taking the other's new socket for a
/// stale one. The lock is released when the descriptor is closed. If somebody else holds it for too
/// long, the server goes on without it.
void lock_directory(int directory, Milliseconds wait) {
  const TimePoint deadline = after(Clock::now(), wait);
  while (::flock(directory, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
    if (Clock::now() >= deadline) return;
    ::poll(nullptr, 0, 10);
  }
}

enum class Listener { none, stale, live, foreign };

/// What is at `address` now. Finds out by connecting, because /proc/net/unix does not show sockets
/// of other network namespaces.
Result<Listener> listener_at(const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(address.sun_path, &status) < 0) {
    if (errno == ENOENT) return Listener::none;
    return sys_failure("look at", address.sun_path);
  }
  if (!S_ISSOCK(status.st_mode)) return Listener::foreign;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return sys_failure("make a socket for", address.sun_path);
  if (::connect(probe.get(), generic(address), sizeof address) == 0) {
    return Listener::live;
  }
  // Other errors mean a live socket: EAGAIN that its backlog is full, EPROTOTYPE that it is of
  // another type.
  if (errno == ECONNREFUSED) return Listener::stale;
  if (errno == ENOENT) return Listener::none;
  return Listener::live;
}

Result<void> clear_place(const sockaddr_un& address) {
  const Result<Listener> there = listener_at(address);
  if (!there) return Failure(there.error());
  switch (*there) {
    case Listener::none: return {};
    case Listener::stale:
      if (::unlink(address.sun_path) < 0 && errno != ENOENT) {
        return sys_failure("remove the stale socket", address.sun_path);
      }
      return {};
    case Listener::foreign: {
      const std::string text =
          fmt::format("cannot listen on {}: it exists and is no socket", address.sun_path);
      return tl::unexpected(Error{text, EADDRINUSE});
    }
    case Listener::live: break;
  }
  const std::string text =
      fmt::format("cannot listen on {}: it is already in use by another server", address.sun_path);
  return tl::unexpected(Error{text, EADDRINUSE});
}

/// chmod(2) of a file that is open with O_PATH, which fchmod(2) refuses. Returns false, with errno.
bool set_mode(int file, mode_t mode) {
#ifndef SYS_fchmodat2
  constexpr long SYS_fchmodat2 = 452;
#endif
  if (::syscall(SYS_fchmodat2, file, "", mode, AT_EMPTY_PATH) == 0) return true;
  if (errno != ENOSYS && errno != EPERM) return false;
  // Before Linux 6.6, or where a container's filter does not know the call.
  return ::chmod(fmt::format("/proc/self/fd/{}", file).c_str(), mode) == 0;
}

Result<UniqueFd> bind_and_listen(const sockaddr_un& address) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return sys_failure("make a socket for", address.sun_path);
  // The file takes its mode from the socket, so it is never open to others, not even for a moment,
  // and the umask, which all threads share, stays as it is.
  if (::fchmod(fd.get(), 0600) < 0) return sys_failure("protect the socket", address.sun_path);
  if (::bind(fd.get(), generic(address), sizeof address) < 0) {
    return sys_failure("listen on", address.sun_path);
  }
  refuse_descriptors(fd.get());  // and on all connections
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
  if (auto cleared = clear_place(*address); !cleared) return Failure(cleared.error());

  Result<UniqueFd> fd = bind_and_listen(*address);
  if (!fd) return Failure(fd.error());
  ControlSocket socket;
  socket.adopt(KeptFd(*std::move(fd), {KeptKind::control_socket}), *std::move(path));
  return socket;
}

/// Remembers which file it is that has just been made, or was there.
void ControlSocket::adopt(KeptFd listening, std::string path) {
  fd_ = std::move(listening);
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) return;
  path_ = std::move(path);
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

ControlSocket ControlSocket::take_over(KeptFd listening) {
  sockaddr_un address{};
  socklen_t size = sizeof address - 1;
  ControlSocket socket;
  if (::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&address), &size) < 0)
    address.sun_path[0] = '\0';
  socket.adopt(std::move(listening), address.sun_path);
  return socket;
}

ControlSocket& ControlSocket::operator=(ControlSocket&& other) noexcept {
  if (this == &other) return *this;
  remove_file();
  fd_ = std::move(other.fd_);
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

Result<void> ControlSocket::share_with(std::optional<gid_t> group) {
  // By descriptor: at the path there may be something else by the time of the next call.
  const UniqueFd file(path_.empty() ? -1 : ::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) < 0 || !is_ours(status)) return {};
  constexpr uid_t same = static_cast<uid_t>(-1);
  const gid_t wanted = group.value_or(::getegid());
  const mode_t mode = group ? 0660 : 0600;
  if (status.st_gid == wanted && (status.st_mode & 07777) == mode) return {};
  // In this order, so that the socket is never open to a group that it is not meant for, not even
  // between the two calls.
  if (!set_mode(file.get(), 0600)) return sys_failure("protect the socket", path_);
  if (::fchownat(file.get(), "", same, wanted, AT_EMPTY_PATH) < 0)
    return sys_failure("change the group of", path_);
  if (group && !set_mode(file.get(), mode)) return sys_failure("share the socket", path_);
  return {};
}

bool ControlSocket::is_there() const noexcept {
  struct stat status {};
  return !path_.empty() && ::lstat(path_.c_str(), &status) == 0 && is_ours(status);
}

bool ControlSocket::is_ours(const struct stat& status) const noexcept {
  return fd_ && status.st_dev == device_ && status.st_ino == inode_;
}

void ControlSocket::remove_file() noexcept {
  if (is_there()) ::unlink(path_.c_str());
}

}  // namespace zinit
