// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// How clients connect: see connection.hpp.
#include "client/libzinit/connection.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>

#include "base/format.hpp"
#include "base/unix_address.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

[[noreturn]] void fail(int code, const std::string& text) { throw ClientError(code, text); }

[[noreturn]] void fail_system(const char* call, int errnum) {
  fail(ErrorCode::system_failure, fmt::format("cannot {}: {}", call, errno_text(errnum)));
}

sockaddr_un address_of(const std::string& path) {
  if (path.empty() || path.size() > kUnixPathMax)
    fail(ErrorCode::no_server,
         fmt::format("{}: a socket's path has 1 to {} bytes", path, kUnixPathMax));
  return unix_address(path);
}

/// Limits how long connect(2) waits while the server's backlog is full, by SO_SNDTIMEO.
void limit_connect(int fd, TimePoint deadline) {
  if (deadline == kNever) return;
  const auto left = std::max<std::int64_t>(ms_between(Clock::now(), deadline), 1);
  const timeval limit{static_cast<time_t>(left / 1000),
                      static_cast<suseconds_t>(left % 1000 * 1000)};
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0) {
    fail_system("limit a socket's time", errno);
  }
}

[[noreturn]] void fail_connect(const std::string& path, int errnum) {
  const std::string text = fmt::format("cannot connect to {}: {}", path, errno_text(errnum));
  switch (errnum) {
    case EACCES:
    case EPERM: fail(ErrorCode::access_denied, text);
    case EAGAIN:
      fail(ErrorCode::no_answer, path + ": the server is too busy to accept a connection");
    // There is no socket, nobody listens on it, or it speaks another protocol.
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case ECONNREFUSED:
    case EPROTOTYPE: fail(ErrorCode::no_server, text);
    default: fail(ErrorCode::system_failure, text);
  }
}

}  // namespace

TimePoint deadline_after(const std::optional<Milliseconds>& limit) noexcept {
  return limit ? after(Clock::now(), *limit) : kNever;
}

std::optional<Milliseconds> with_grace(const std::optional<Milliseconds>& limit) noexcept {
  if (!limit) return std::nullopt;
  return *limit < Milliseconds::max() - kGrace ? *limit + kGrace : *limit;
}

UniqueFd connect_to(const std::string& path, std::optional<TimePoint> deadline) {
  const sockaddr_un address = address_of(path);
  const int mode = deadline ? 0 : SOCK_NONBLOCK;
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | mode, 0));
  if (!fd) fail_system("make a socket", errno);
  if (deadline) limit_connect(fd.get(), *deadline);
  int result;
  do result = ::connect(fd.get(), generic(address), sizeof address);
  while (result < 0 && errno == EINTR);
  if (result < 0) fail_connect(path, errno);
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) < 0) fail_system("set up a socket", errno);
  return fd;
}

std::optional<ucred> peer_of(int fd) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0) return std::nullopt;
  return peer;
}

}  // namespace zinit
