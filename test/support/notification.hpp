// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Messages of a service to the notify socket of zinit.

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace zinit::test {

/// Sends `text` with `fds` by `message`, which may have an address. `flags` are sendmsg(2)'s.
/// False, with errno, if the message could not be sent.
inline bool send_with(int socket, std::string_view text, const std::vector<int>& fds,
                      msghdr message = {}, int flags = 0) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  std::vector<char> control(CMSG_SPACE(sizeof(int) * fds.size()));
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(header), fds.data(), sizeof(int) * fds.size());
  }
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | flags) >= 0;
}

/// Sends `text` with `fds` to `address`, as sd_notify(3) does: the path of a socket, or the name of
/// an abstract socket after an @. False if it could not be sent.
inline bool send_notification(const std::string& address, std::string_view text,
                              const std::vector<int>& fds, int flags = 0) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, address.c_str(), sizeof to.sun_path - 1);
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  msghdr message{};
  message.msg_name = &to;
  message.msg_namelen = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool sent = send_with(socket, text, fds, message, flags);
  ::close(socket);
  return sent;
}

}  // namespace zinit::test
