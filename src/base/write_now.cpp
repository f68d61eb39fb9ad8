// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writing that never blocks. See write_now.hpp.
#include "base/write_now.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "base/format.hpp"

namespace zinit {

namespace {

// A pipe that poll(2) reports as writable has room for at least this many bytes.
constexpr std::size_t kSafeWrite = PIPE_BUF;

bool is_nonblocking(int fd) noexcept {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_NONBLOCK) != 0;
}

/// Tries to write with a flag that keeps this one call from blocking. Returns whether the kernel
/// supports the flag for this descriptor; then `written` is the result of the write.
bool write_by_flag(int fd, std::string_view data, ssize_t& written) noexcept {
  iovec part{const_cast<char*>(data.data()), data.size()};
  written = ::pwritev2(fd, &part, 1, -1, RWF_NOWAIT);
  return written >= 0 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL);
}

}  // namespace

UniqueFd reopen_nonblocking(int fd) noexcept {
  struct stat status {};
  if (::fstat(fd, &status) < 0) return {};
  if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode)) return {};
  char path[32];
  *fmt::format_to_n(path, sizeof path - 1, "/proc/self/fd/{}", fd).out = '\0';
  return UniqueFd(::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

ssize_t write_now(int fd, std::string_view data) noexcept {
  if (is_nonblocking(fd)) return ::write(fd, data.data(), data.size());
  const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0 || errno != ENOTSOCK) return sent;
  pollfd ready{fd, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  struct stat status {};
  const bool pipe = ::fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
  ssize_t written = 0;
  if (pipe && write_by_flag(fd, data, written)) return written;
  return ::write(fd, data.data(), std::min(data.size(), kSafeWrite));
}

}  // namespace zinit
