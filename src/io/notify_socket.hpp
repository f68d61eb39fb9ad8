// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The socket by which one process notifies zinit. Each process has its own datagram socket. So a
// flood of messages from one service does not delay another's messages, and messages to an earlier
// process's socket vanish with that socket.
//
// A socket with a path works with every program and from every network namespace, but a process
// with another root directory cannot see it. Such a process gets an abstract socket, and so does
// any process if the file cannot be made. The abstract name is random, so that nobody else can bind
// it first.
//
// A socket with a path belongs to the user of the service's process. If the service file names no
// user, anybody may send, because the process may change its user itself. The kernel adds the
// sender's credentials to each message.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "io/datagram_socket.hpp"
#include "os/unix_receive.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

class NotifySocket {
 public:
  /// Binds a socket to `path`. Only `user` and root may send to it; unset: everybody may.
  /// EADDRINUSE: `path` exists.
  [[nodiscard]] static Result<NotifySocket> at_path(const std::string& path,
                                                    std::optional<uid_t> user);
  /// Binds an abstract socket (unix(7)).
  [[nodiscard]] static Result<NotifySocket> abstract();
  /// Takes over a socket that the previous process image bound.
  [[nodiscard]] static Result<NotifySocket> take_over(UniqueFd fd);
  /// Keeps the socket for the next image, as that of the main process of `slot`.
  void keep(std::uint32_t slot) noexcept {
    fd_ = KeptFd(fd_.release(), {KeptKind::notify_socket, 0, slot});
  }
  /// Removes the file of a socket with a path.
  ~NotifySocket();
  NotifySocket(NotifySocket&& other) noexcept = default;
  NotifySocket& operator=(NotifySocket&& other) = delete;

  /// For NOTIFY_SOCKET: the path, or @ and the abstract name.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// See receive_datagram() and take_datagram(). Both resize `buffer` to the longest message.
  [[nodiscard]] Received receive(std::string& buffer, Datagram& datagram);
  [[nodiscard]] bool take(std::string& buffer, Datagram& datagram);

 private:
  NotifySocket(UniqueFd fd, std::string address)
      : fd_(std::move(fd), {}), address_(std::move(address)) {}

  KeptFd fd_;
  std::string address_;
};

}  // namespace zinit
