// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// File descriptors: making, reading and writing them, with every failure reported.
#include "base/fd.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sanitized.hpp"

namespace zinit {

namespace {

template <class Call>
auto repeat_on_eintr(Call call) {
  decltype(call()) result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

void UniqueFd::reset(int fd) noexcept {
  const int saved = errno;
  // close(2) is not repeated on EINTR: on Linux the descriptor is closed in any case, and another
  // thread may already have the same number.
  if (fd_ >= 0) {
    sees_closed();
    ::close(fd_);
  }
  fd_ = fd;
  errno = saved;
}

Result<Pipe> make_pipe(int flags) {
  int fds[2];
  if (::pipe2(fds, flags | O_CLOEXEC) < 0) return sys_failure("make", "a pipe");
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

Result<Pipe> make_pipe_to_read() {
  auto pipe = make_pipe();
  if (pipe && ::fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK) < 0)
    return sys_failure("set up", "a pipe");
  return pipe;
}

std::size_t readable_bytes(int fd) noexcept {
  int bytes = 0;
  return ::ioctl(fd, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

UniqueFd open_at(int directory, const char* path, int flags, mode_t mode) noexcept {
  return UniqueFd(
      repeat_on_eintr([&] { return ::openat(directory, path, flags | O_CLOEXEC, mode); }));
}

Result<UniqueFd> open_fd(const char* path, int flags, mode_t mode) {
  UniqueFd fd = open_at(AT_FDCWD, path, flags, mode);
  if (!fd) return sys_failure("open", path);
  return fd;
}

std::optional<int> socket_option(int socket, int level, int option) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, level, option, &value, &size) < 0) return std::nullopt;
  return value;
}

Result<std::string> read_file(const char* path, size_t limit) {
  auto fd = open_fd(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return Failure(fd.error());
  return read_open_file(fd->get(), path, limit);
}

Result<std::string> read_open_file(int fd, const char* path, size_t limit) {
  struct stat status {};
  if (::fstat(fd, &status) < 0) return sys_failure("examine", path);
  if (S_ISDIR(status.st_mode)) return sys_failure("read", path, EISDIR);
  if (!S_ISREG(status.st_mode)) {
    return Failure(
        Error{"cannot read " + std::string(path) + ": it is not a regular file", EINVAL});
  }
  std::string text;
  char buffer[16384];
  while (true) {
    const ssize_t got = repeat_on_eintr([&] { return ::read(fd, buffer, sizeof buffer); });
    if (got < 0) return sys_failure("read", path);
    if (got == 0) return text;
    if (text.size() + static_cast<size_t>(got) > limit) {
      return Failure(Error{"cannot read " + std::string(path) + ": it is larger than " +
                               std::to_string(limit) + " bytes",
                           EFBIG});
    }
    text.append(buffer, static_cast<size_t>(got));
  }
}

Result<void> write_all(int fd, std::string_view data, std::string_view object) {
  while (!data.empty()) {
    const ssize_t written = repeat_on_eintr([&] { return ::write(fd, data.data(), data.size()); });
    if (written < 0) return sys_failure("write", object);
    data.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

}  // namespace zinit
