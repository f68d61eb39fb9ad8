// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Notifications to zinit's own manager: see manager.hpp.
#include "server/manager.hpp"

#include <cstddef>
#include <cstdlib>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/unix_address.hpp"

namespace zinit {

void tell_manager(std::string_view state) {
  const char* const variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view path = variable == nullptr ? "" : variable;
  // Only a path or an abstract name is a Unix socket; zinit ignores others, such as vsock:.
  if (path.empty() || path.size() > kUnixPathMax || (path[0] != '/' && path[0] != '@')) return;
  sockaddr_un address = unix_address(path);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const bool sent =
      fd && ::sendto(fd.get(), state.data(), state.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                     generic(address), size) == static_cast<ssize_t>(state.size());
  if (!sent) log_warn("cannot send {} to {}: {}", state, path, errno_text(errno));
}

}  // namespace zinit
