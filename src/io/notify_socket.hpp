// The socket that one process notifies zinit by: a datagram socket of its own, so that a flood of
// one service's messages delays no other's, and what was sent to the socket of a process of before
// goes with that.
//
// A path socket is what every program that notifies understands, and it is reached from any network
// namespace. It is not seen from another root directory; there, and where no file can be made, an
// abstract one serves, by a name that cannot be guessed, so that nobody takes it first.
//
// Anybody may send to it, for a service may become any user, and so nothing is believed that does
// not say who sent it: the kernel adds the sender's credentials.
#pragma once

#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "io/datagram_socket.hpp"

namespace zinit {

class NotifySocket {
 public:
  /// At `path`, where nothing is yet (EADDRINUSE), for everybody to send to.
  [[nodiscard]] static Result<NotifySocket> at_path(const std::string& path);
  /// An abstract one (unix(7)).
  [[nodiscard]] static Result<NotifySocket> abstract();
  /// Removes the file of a path socket.
  ~NotifySocket();
  NotifySocket(NotifySocket&& other) noexcept = default;
  NotifySocket& operator=(NotifySocket&& other) = delete;

  /// For NOTIFY_SOCKET: the path, or the name behind an @.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  /// See receive_datagram(). Grows `buffer` to what a message may have.
  [[nodiscard]] bool receive(std::string& buffer, Datagram& datagram);

 private:
  NotifySocket(UniqueFd fd, std::string address)
      : fd_(std::move(fd)), address_(std::move(address)) {}

  UniqueFd fd_;
  std::string address_;
};

}  // namespace zinit
