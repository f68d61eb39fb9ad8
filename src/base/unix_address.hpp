// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Addresses of unix sockets. (unix(7))
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace zinit {

/// The longest path of a unix socket, in bytes.
inline constexpr std::size_t kUnixPathMax = sizeof(sockaddr_un::sun_path) - 1;

/// The address of the socket at `path`. A path of more than kUnixPathMax bytes is cut off: check
/// the length of a path from outside before.
[[nodiscard]] inline sockaddr_un unix_address(std::string_view path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), kUnixPathMax));
  return address;
}

/// The address in the form for bind(2) and connect(2).
[[nodiscard]] inline const sockaddr* generic(const sockaddr_un& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace zinit
