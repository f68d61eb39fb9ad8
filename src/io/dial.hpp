// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Connects to the first of several addresses that accepts. Tries them in order, each for an equal
// share of the time that is left, and never blocks. The owner has the watcher and the timer,
// because a proxy has one of each for many connections: it watches the socket until this can be
// written to, and tries the next address if that takes too long.
//
// On a port without a listener the kernel may connect a socket to itself; this counts as refused.
//
// Threads: one at a time.
#pragma once

#include "base/fd.hpp"
#include "base/time.hpp"
#include "io/resolver.hpp"

namespace zinit {

class Dial {
 public:
  Dial() = default;
  /// `type`: SOCK_STREAM or SOCK_DGRAM.
  explicit Dial(Addresses addresses, int type = SOCK_STREAM) noexcept
      : addresses_(std::move(addresses)), type_(type) {}

  /// Whether there is a next address.
  [[nodiscard]] bool more() const noexcept { return next_ < addresses_.size(); }
  [[nodiscard]] const SocketAddress& next() const noexcept { return addresses_[next_]; }
  /// When to give up the next address, if all must have been tried by `end`.
  [[nodiscard]] TimePoint share_of(TimePoint end) const noexcept;

  /// Tries the next address. Closes the socket of the previous attempt: stop watching it before.
  /// @return  0: connected; EINPROGRESS: call outcome() when the socket can be written to; else why
  ///          the attempt has failed
  [[nodiscard]] int try_next() noexcept;
  /// @return  0: connected; else why the attempt has failed
  [[nodiscard]] int outcome() const noexcept;

  /// For people: why the last attempt has failed. temporary() if no socket could be made.
  [[nodiscard]] Error fault(int errnum) const;
  /// "cannot connect to 127.0.0.1:80: `why`", of the last attempt.
  [[nodiscard]] Error fault(std::string_view why) const;

  /// The socket of the last attempt; -1: none.
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  [[nodiscard]] UniqueFd take() noexcept { return std::move(socket_); }

 private:
  Addresses addresses_;
  std::size_t next_ = 0;
  int type_ = SOCK_STREAM;
  UniqueFd socket_;
};

}  // namespace zinit
