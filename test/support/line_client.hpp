// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A client of a unix socket on which both sides write lines, as any program could write them.
#pragma once

#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/unix_address.hpp"
#include "support/catch.hpp"
#include "support/deadline.hpp"
#include "support/system.hpp"

namespace zinit::test {

class LineClient {
 public:
  /// Connects; a socket that refuses fails the test.
  explicit LineClient(const std::string& path) : fd_(connected(path)) {
    if (!fd_) FAIL("cannot connect to " << path << ": " << std::strerror(errno));
  }
  explicit LineClient(UniqueFd fd) : fd_(std::move(fd)) {}

  /// A connected socket, or none. With SOCK_NONBLOCK in `flags` a full backlog is not waited for.
  static UniqueFd connected(const std::string& path, int flags = 0) {
    if (path.size() > kUnixPathMax) return UniqueFd();
    const sockaddr_un address = unix_address(path);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (::connect(fd.get(), generic(address), sizeof address) < 0) fd.reset();
    return fd;
  }

  /// Sends bytes unchanged; false if the other side has closed, or takes nothing in time.
  bool send(std::string_view bytes) {
    while (!bytes.empty() && ready(POLLOUT, kPatience)) {
      const ssize_t n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EINTR && errno != EAGAIN) return false;
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return bytes.empty();
  }
  /// Sends as much as the socket takes now; returns the number of bytes.
  std::size_t send_some(std::string_view bytes) {
    const ssize_t n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  /// Ends the sending side.
  void end_input() { REQUIRE(::shutdown(fd(), SHUT_WR) == 0); }

  /// The next line, without its end. Nothing at the end of the stream; silence fails the test.
  std::optional<std::string> line(std::chrono::milliseconds deadline = kPatience) {
    for (std::size_t seen = 0;;) {
      const auto end = received_.find('\n', seen);
      if (end != std::string::npos) {
        std::string found = received_.substr(0, end);
        received_.erase(0, end + 1);
        return found;
      }
      seen = received_.size();
      if (!ready(POLLIN, deadline)) FAIL("no line in time, only: " << received_.substr(0, 1000));
      if (!receive()) return std::nullopt;
    }
  }
  /// Whether the other side closes the connection; reads the data before the end.
  bool closed(std::chrono::milliseconds deadline = kPatience) {
    while (ready(POLLIN, deadline))
      if (!receive()) return true;
    return false;
  }

  [[nodiscard]] int fd() const { return fd_.get(); }

 protected:
  bool ready(short events, std::chrono::milliseconds limit) const {
    pollfd waited{fd(), events, 0};
    return ::poll(&waited, 1, static_cast<int>(limit.count())) > 0;
  }
  /// Reads what is there into `received_`; false at the end of the stream.
  bool receive() {
    char block[65536];
    const ssize_t n = ::recv(fd(), block, sizeof block, 0);
    if (n > 0) received_.append(block, static_cast<std::size_t>(n));
    return n > 0;
  }

  std::string received_;

 private:
  UniqueFd fd_;
};

}  // namespace zinit::test
