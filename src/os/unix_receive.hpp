// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Receives from unix sockets to which strangers may send descriptors (unix(7), SCM_RIGHTS).
//
// If the receiver has no room for a descriptor, the kernel closes it, in the receiver's thread, and
// this may block (disposal.hpp). So the receiver first peeks at the message: MSG_PEEK closes
// nothing, because the queue keeps its own reference.
//
// Threads: any, but one at a time for each socket. Nothing here blocks.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.hpp"

namespace zinit {

/// The kernel's SCM_MAX_FD: no message carries more.
inline constexpr std::size_t kMostFds = 253;

/// Room for the sender's credentials and kMostFds descriptors (cmsg(3)).
inline constexpr std::size_t kAncillaryBytes =
    CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int) * kMostFds);

/// Refuses descriptors on `socket`, and on connections accepted from it: a sender of one gets
/// EPERM. Does nothing before Linux 6.16. (SO_PASSRIGHTS)
void refuse_descriptors(int socket) noexcept;

/// Whether `socket` refuses descriptors: nobody can have sent one.
[[nodiscard]] bool refuses_descriptors(int socket) noexcept;

/// Like receive_bytes(), but leaves the bytes where they are. (MSG_PEEK)
[[nodiscard]] ssize_t peek_bytes(int socket, std::span<char> buffer) noexcept;

/// recv(2) from a socket on which no descriptors are wanted.
/// @return  as recv(2). -1 with errno EBADMSG if the waiting bytes come with descriptors; they stay
///          in the queue then.
[[nodiscard]] ssize_t receive_bytes(int socket, std::span<char> buffer) noexcept;

/// A datagram, which may still be in the queue.
struct Datagram {
  std::string_view text;  // in the buffer it was received into
  ucred sender{};         // pid 0: it has no pid in zinit's pid namespace
  std::vector<UniqueFd> fds;
  bool whole = true;  // false: the text was cut, or descriptors were lost
};

enum class Received {
  nothing,  // no datagram waits
  datagram,
  with_descriptors,  // still in the queue, for take_datagram() or discard_datagram()
};

/// Receives the next datagram into `buffer`. If it carries descriptors, only peeks at it. The
/// socket has SO_PASSCRED. (recvmsg(2))
[[nodiscard]] Received receive_datagram(int socket, std::span<char> buffer, Datagram& datagram);

/// Receives the next datagram with its descriptors. If a part of it finds no memory or descriptor,
/// this part is lost and the datagram is not `whole`. The descriptors are not below
/// kFirstOfStrangers, if leaves_lowest() and no other thread closes a lower one meanwhile
/// (base/low_numbers.hpp).
/// @return  false if no datagram waits
[[nodiscard]] bool take_datagram(int socket, std::span<char> buffer, Datagram& datagram);

/// Whether the queue may hold descriptors; for a listener, the queues of its waiting connections.
[[nodiscard]] bool may_hold_descriptors(int socket) noexcept;

}  // namespace zinit
