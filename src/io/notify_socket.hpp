// The socket by which one process notifies zinit. Each process has a datagram socket of its own, so
// a flood of messages of one service does not delay another's, and messages to an earlier process's
// socket vanish with that socket.
//
// A socket with a path works with every program and from every network namespace, but a process
// with another root directory cannot see it. For such a process, and if no file can be made, an
// abstract socket is used. Its name is random, so that nobody else can bind it first.
//
// A socket with a path belongs to the user of the service's process. If the service file names no
// user anybody may send, since the process may change its user itself. The kernel adds the sender's
// credentials to each message.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "io/datagram_socket.hpp"
#include "os/kept_descriptors.hpp"
#include "os/unix_receive.hpp"

namespace zinit {

class NotifySocket {
 public:
  /// Binds a socket to `path`. `user` alone, and root, may send to it; unset: everybody.
  /// EADDRINUSE: `path` exists.
  [[nodiscard]] static Result<NotifySocket> at_path(const std::string& path,
                                                    std::optional<uid_t> user);
  /// Binds an abstract socket (unix(7)).
  [[nodiscard]] static Result<NotifySocket> abstract();
  /// Goes on with a socket that the previous process image has bound.
  [[nodiscard]] static Result<NotifySocket> take_over(UniqueFd fd);
  /// Has the next image find it, for the main process of `slot`.
  void keep(std::uint32_t slot) noexcept {
    fd_ = KeptFd(fd_.release(), {KeptKind::notify_socket, 0, slot});
  }
  /// Removes the file of a path socket.
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
