// The unix socket of the client: see connection.hpp.
#include "client/libzinit/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "base/format.hpp"
#include "base/unix_address.hpp"
#include "zinit/client.hpp"

namespace zinit {

namespace {

// kLargestChunk reads a list of 1,000 services in a few calls; kFirstChunk suits short answers.
constexpr std::size_t kFirstChunk = std::size_t{4} << 10;
constexpr std::size_t kLargestChunk = std::size_t{128} << 10;
constexpr std::size_t kGrowth = 4;

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

ClientConnection::ClientConnection(const std::string& path, TimePoint deadline)
    : fd_(connect_to(path, deadline)), chunk_(kFirstChunk) {}

short ClientConnection::wait_for(short events, TimePoint deadline) const {
  while (true) {
    int timeout = -1;
    if (deadline != kNever) {
      const auto left = ms_between(Clock::now(), deadline);
      // Rounded up, because a wait of 0 ms in place of 0.4 ms would be a busy loop.
      timeout = static_cast<int>(std::min<std::int64_t>(left + 1, std::numeric_limits<int>::max()));
      if (Clock::now() >= deadline) timeout = 0;
    }
    pollfd waited{fd_.get(), events, 0};
    const int ready = ::poll(&waited, 1, timeout);
    if (ready > 0) return waited.revents;
    if (ready < 0 && errno != EINTR) fail_system("wait for the server", errno);
    if (ready == 0 && Clock::now() >= deadline) {
      fail(ErrorCode::no_answer, "the server did not answer in time");
    }
  }
}

bool ClientConnection::receive() {
  received_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  const std::size_t before = received_.size();
  received_.resize(before + chunk_);
  const ssize_t got = ::recv(fd_.get(), received_.data() + before, chunk_, 0);
  const int errnum = errno;
  received_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (std::cmp_equal(got, chunk_)) chunk_ = std::min(chunk_ * kGrowth, kLargestChunk);
  if (got > 0) return true;
  if (got < 0 && (errnum == EINTR || errnum == EAGAIN)) return true;
  if (got < 0 && errnum != ECONNRESET) fail_system("read from the server", errnum);
  return false;
}

void ClientConnection::send_line(std::string line, TimePoint deadline) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const bool room = received_.size() - begin_ <= line_limit_;
    const short ready = wait_for(room ? POLLIN | POLLOUT : POLLOUT, deadline);
    if ((ready & POLLIN) != 0 && !receive()) return;
    if ((ready & (POLLOUT | POLLERR | POLLHUP)) == 0) continue;
    const ssize_t sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return;
    } else if (errno != EAGAIN && errno != EINTR) {
      fail_system("write to the server", errno);
    }
  }
}

std::string ClientConnection::take_line(std::size_t end) {
  std::string line;
  if (begin_ == 0 && end + 1 == received_.size()) {
    // Usually there is one answer and nothing after it, so no copy is needed.
    line.swap(received_);
    line.pop_back();
    searched_ = 0;
  } else {
    line = received_.substr(begin_, end - begin_);
    begin_ = searched_ = end + 1;
  }
  return line;
}

std::string ClientConnection::read_line(TimePoint deadline) {
  while (true) {
    const auto end = received_.find('\n', searched_);
    searched_ = std::min(end, received_.size());
    if (searched_ - begin_ > line_limit_) {
      fail(ErrorCode::bad_answer,
           fmt::format("the server's answer is longer than {} bytes", line_limit_));
    }
    if (end != std::string::npos) return take_line(end);
    wait_for(POLLIN, deadline);
    if (!receive()) {
      fail(ErrorCode::disconnected, "the server closed the connection before it answered");
    }
  }
}

}  // namespace zinit
