// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Attempts to connect. See dial.hpp.
#include "io/dial.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/format.hpp"
#include "os/unix_receive.hpp"

namespace zinit {

namespace {

/// If nobody listens on a port of this machine, the kernel may choose this port as the socket's
/// own; then connect() succeeds (RFC 9293, simultaneous open). If so, close(2) will reset it:
/// otherwise the port would be taken for a minute more.
bool reset_if_connected_to_itself(int socket) noexcept {
  const SocketAddress own = own_address(socket), other = peer_address(socket);
  const bool is = own.size > 0 && own.storage.ss_family != AF_UNIX && own.size == other.size &&
                  std::memcmp(&own.storage, &other.storage, own.size) == 0;
  if (is) reset_at_close(socket);
  return is;
}

}  // namespace

TimePoint Dial::share_of(TimePoint end) const noexcept {
  if (end == kNever) return kNever;
  const TimePoint now = Clock::now();
  return now + (end - now) / static_cast<TimePoint::rep>(addresses_.size() - next_);
}

int Dial::try_next() noexcept {
  const SocketAddress& address = addresses_[next_++];
  const int family = address.storage.ss_family;
  socket_.reset(::socket(family, type_ | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket_) return errno;
  if (family == AF_UNIX) refuse_descriptors(socket_.get());
  if (::connect(socket_.get(), address.get(), address.size) < 0) return errno;
  return family == AF_UNIX ? 0 : outcome();
}

int Dial::outcome() const noexcept {
  const int errnum = socket_option(socket_.get(), SOL_SOCKET, SO_ERROR).value_or(errno);
  return errnum == 0 && reset_if_connected_to_itself(socket_.get()) ? ECONNREFUSED : errnum;
}

Error Dial::fault(int errnum) const {
  if (!socket_) return sys_failure("make", "a socket", errnum).value();
  // EAGAIN for a unix socket: its backlog is full. (connect(2))
  const bool full = errnum == EAGAIN && addresses_[next_ - 1].storage.ss_family == AF_UNIX;
  return fault(full ? "its queue of connections is full" : errno_text(errnum));
}

Error Dial::fault(std::string_view why) const {
  return {fmt::format("cannot connect to {}: {}", address_text(addresses_[next_ - 1]), why)};
}

}  // namespace zinit
