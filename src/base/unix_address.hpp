// Addresses of unix sockets. (unix(7))
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace zinit {

/// How many bytes the path of a unix socket may have.
inline constexpr std::size_t kUnixPathMax = sizeof(sockaddr_un::sun_path) - 1;

/// The address of the socket at `path`, of which what is beyond kUnixPathMax is left out: whoever
/// takes paths from others looks at that first.
[[nodiscard]] inline sockaddr_un unix_address(std::string_view path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), kUnixPathMax));
  return address;
}

/// As bind(2) and connect(2) take it.
[[nodiscard]] inline const sockaddr* generic(const sockaddr_un& address) noexcept {
  return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace zinit
