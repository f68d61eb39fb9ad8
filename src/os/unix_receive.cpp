// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Peeks at a message before receiving it. See unix_receive.hpp.
#include "os/unix_receive.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/low_numbers.hpp"

namespace zinit {

namespace {

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

constexpr std::size_t kCredentialsBytes = CMSG_SPACE(sizeof(ucred));

/// recvmsg(2) with `flags`. @return  its result, with `header` for cmsg(3)
///
/// With room for descriptors, calls it without its wrapper: a sanitizer would take the new
/// descriptors for changes of its own table.
ssize_t receive(int socket, std::span<char> buffer, std::span<std::byte> beside, msghdr& header,
                int flags) noexcept {
  iovec part{buffer.data(), buffer.size()};
  header = {};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = beside.data();
  header.msg_controllen = beside.size();
  ssize_t got;
  flags |= MSG_DONTWAIT | MSG_CMSG_CLOEXEC;
  do
    got = beside.size() > kCredentialsBytes ? ::syscall(SYS_recvmsg, socket, &header, flags)
                                            : ::recvmsg(socket, &header, flags);
  while (got < 0 && errno == EINTR);
  header.msg_iov = nullptr;
  return got;
}

/// While it exists, new descriptors are not below kFirstOfStrangers: copies of `fd` have the free
/// numbers.
class LowestTaken {
 public:
  explicit LowestTaken(int fd) noexcept REQUIRES(low_numbers()) {
    while (count_ < copies_.size()) {
      UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
      if (!copy || copy.get() >= kFirstOfStrangers) return;
      copies_[count_++] = std::move(copy);
    }
  }

 private:
  std::array<UniqueFd, kFirstOfStrangers> copies_;
  std::size_t count_ = 0;
};

void take_fds(const cmsghdr& header, std::vector<UniqueFd>& fds) {
  const std::size_t count = (header.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  std::array<int, kMostFds> numbers;
  std::memcpy(numbers.data(), CMSG_DATA(&header), std::min(count, kMostFds) * sizeof(int));
  std::array<UniqueFd, kMostFds> held;  // owned before push_back(), which may throw
  for (std::size_t i = 0; i < std::min(count, kMostFds); ++i) held[i].reset(numbers[i]);
  for (std::size_t i = 0; i < std::min(count, kMostFds); ++i) fds.push_back(std::move(held[i]));
}

void take_ancillary(msghdr& header, Datagram& datagram) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != SOL_SOCKET) continue;
    if (each->cmsg_type == SCM_RIGHTS) take_fds(*each, datagram.fds);
    if (each->cmsg_type == SCM_CREDENTIALS)
      std::memcpy(&datagram.sender, CMSG_DATA(each), sizeof datagram.sender);
  }
}

}  // namespace

void refuse_descriptors(int socket) noexcept {
  const int off = 0;
  (void)::setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off);
}

bool refuses_descriptors(int socket) noexcept {
  static std::atomic<bool> unknown{false};  // to this kernel
  if (unknown) return false;
  const auto passes = socket_option(socket, SOL_SOCKET, SO_PASSRIGHTS);
  if (!passes) unknown = errno == ENOPROTOOPT;
  return passes == 0;
}

ssize_t peek_bytes(int socket, std::span<char> buffer) noexcept {
  msghdr header;
  const ssize_t seen = receive(socket, buffer, {}, header, MSG_PEEK);
  if (seen < 0 || (header.msg_flags & MSG_CTRUNC) == 0) return seen;
  errno = EBADMSG;
  return -1;
}

ssize_t receive_bytes(int socket, std::span<char> buffer) noexcept {
  if (!refuses_descriptors(socket)) {
    const ssize_t seen = peek_bytes(socket, buffer);
    if (seen < 0) return seen;
    // No more than was peeked at: the next bytes may carry descriptors.
    buffer = buffer.first(static_cast<std::size_t>(seen));
  }
  msghdr header;
  return receive(socket, buffer, {}, header, 0);
}

Received receive_datagram(int socket, std::span<char> buffer, Datagram& datagram) {
  datagram = {};
  alignas(cmsghdr) std::array<std::byte, kCredentialsBytes> beside;
  msghdr header;
  ssize_t got = receive(socket, buffer, beside, header, MSG_PEEK);
  if (got < 0) return Received::nothing;
  const bool descriptors = (header.msg_flags & MSG_CTRUNC) != 0;
  if (!descriptors) got = receive(socket, buffer, beside, header, 0);
  if (got < 0) return Received::nothing;
  datagram.text = std::string_view(buffer.data(), static_cast<std::size_t>(got));
  datagram.whole = (header.msg_flags & MSG_TRUNC) == 0;
  take_ancillary(header, datagram);
  return descriptors ? Received::with_descriptors : Received::datagram;
}

bool take_datagram(int socket, std::span<char> buffer, Datagram& datagram) {
  datagram = {};
  alignas(cmsghdr) std::array<std::byte, kAncillaryBytes> beside;
  msghdr header;
  ssize_t got = -1;
  if (leaves_lowest()) {
    const MutexLock lock(low_numbers());
    const LowestTaken lowest(socket);
    got = receive(socket, buffer, beside, header, 0);
  } else {
    got = receive(socket, buffer, beside, header, 0);
  }
  if (got < 0) return false;
  datagram.text = std::string_view(buffer.data(), static_cast<std::size_t>(got));
  datagram.whole = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
  take_ancillary(header, datagram);
  return true;
}

bool may_hold_descriptors(int socket) noexcept {
  if (socket_option(socket, SOL_SOCKET, SO_DOMAIN) != AF_UNIX || refuses_descriptors(socket))
    return false;
  // Only accept(2) shows what clients have sent whose connections wait at a listener.
  if (socket_option(socket, SOL_SOCKET, SO_ACCEPTCONN) == 1) return true;
  char byte = 0;
  msghdr header;
  const ssize_t seen = receive(socket, {&byte, 1}, {}, header, MSG_PEEK);
  return seen > 0 || (seen == 0 && (header.msg_flags & MSG_CTRUNC) != 0);
}

}  // namespace zinit
