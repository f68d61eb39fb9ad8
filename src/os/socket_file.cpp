// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of unix sockets. See socket_file.hpp.
#include "os/socket_file.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/unix_address.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

enum class ListenerState { none, stale, live, foreign };

/// @param server  gets the process that listens, if it is live and the kernel says who it is
Result<ListenerState> listener_at(const std::string& path, int type, pid_t& server) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) {
    if (errno == ENOENT) return ListenerState::none;
    return sys_failure("look at", path);
  }
  if (!S_ISSOCK(status.st_mode)) return ListenerState::foreign;
  const UniqueFd probe(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return sys_failure("make a socket for", path);
  const sockaddr_un address = unix_address(path);
  if (::connect(probe.get(), generic(address), sizeof address) == 0) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) server = peer.pid;
    return ListenerState::live;
  }
  // Other errors mean a live socket. EAGAIN: its backlog is full. EPROTOTYPE: it has another type.
  if (errno == ECONNREFUSED) return ListenerState::stale;
  if (errno == ENOENT) return ListenerState::none;
  return ListenerState::live;
}

/// chmod(2) of a file opened with O_PATH, which fchmod(2) refuses. Returns false, with errno.
bool set_mode(int file, mode_t mode) {
#ifndef SYS_fchmodat2
  constexpr long SYS_fchmodat2 = 452;
#endif
  if (::syscall(SYS_fchmodat2, file, "", mode, AT_EMPTY_PATH) == 0) return true;
  if (errno != ENOSYS && errno != EPERM) return false;
  // Before Linux 6.6, or if a container's filter does not know the call.
  return ::chmod(fmt::format("/proc/self/fd/{}", file).c_str(), mode) == 0;
}

}  // namespace

Result<void> clear_socket_place(const std::string& path, int type) {
  pid_t server = 0;
  const Result<ListenerState> there = listener_at(path, type, server);
  if (!there) return Failure(there.error());
  switch (*there) {
    case ListenerState::none: return {};
    case ListenerState::stale:
      if (::unlink(path.c_str()) < 0 && errno != ENOENT)
        return sys_failure("remove the stale socket", path);
      return {};
    case ListenerState::foreign:
      return Failure(
          Error{fmt::format("cannot listen on {}: it exists and is no socket", path), EADDRINUSE});
    case ListenerState::live: break;
  }
  const bool foreign = server > 0 && server != ::getpid();
  return Failure(Error{fmt::format("cannot listen on {}: it is already in use by {}", path,
                                   foreign ? process_text(server) : "another server"),
                       EADDRINUSE});
}

SocketFile::SocketFile(int fd, std::string path) : path_(std::move(path)) {
  struct stat status {};
  const bool fifo = ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
  // SIOCUNIXFILE of <linux/un.h>, which cannot be included together with <sys/un.h>.
  const UniqueFd file(fifo ? -1 : ::ioctl(fd, SIOCPROTOPRIVATE));
  if (!fifo && (!file || ::fstat(file.get(), &status) < 0) && ::lstat(path_.c_str(), &status) < 0)
    status = {};
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

bool SocketFile::is_ours(const struct stat& status) const noexcept {
  return status.st_dev == device_ && status.st_ino == inode_;
}

bool SocketFile::is_there() const noexcept {
  struct stat status {};
  return !path_.empty() && ::lstat(path_.c_str(), &status) == 0 && is_ours(status);
}

Result<void> SocketFile::give(std::optional<uid_t> owner, std::optional<gid_t> group,
                              mode_t mode) const {
  // By descriptor, because the path may lead to another file at the next call.
  const UniqueFd file(path_.empty() ? -1 : ::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) < 0 || !is_ours(status)) return {};
  const uid_t uid = owner.value_or(status.st_uid);
  const gid_t gid = group.value_or(status.st_gid);
  if (status.st_uid == uid && status.st_gid == gid && (status.st_mode & 07777) == mode) return {};
  // In this order the file is never open to a wrong user or group, not even between two calls.
  if (!set_mode(file.get(), mode & 0600)) return sys_failure("protect", path_);
  if ((status.st_uid != uid || status.st_gid != gid) &&
      ::fchownat(file.get(), "", uid, gid, AT_EMPTY_PATH) < 0)
    return sys_failure("change the owner of", path_);
  if (!set_mode(file.get(), mode)) return sys_failure("set the mode of", path_);
  return {};
}

void SocketFile::remove() noexcept {
  if (is_there()) ::unlink(path_.c_str());
  path_.clear();
}

}  // namespace zinit
