// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Brings loopback up, and sets the host name. See net.hpp.
#include "os/net.hpp"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "base/text.hpp"

namespace zinit {

Result<void> loopback_up() {
  // Any socket accepts these requests, and this kind needs no network protocol in the kernel.
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return sys_failure("make", "a socket");
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) < 0)
    return sys_failure("examine", "interface lo");
  if ((request.ifr_flags & IFF_UP) != 0) return {};
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) < 0)
    return sys_failure("set up", "interface lo");
  return {};
}

std::optional<std::string> parse_hostname(std::string_view text) {
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    if (!line.empty() && line[0] != '#') return std::string(line);
  }
  return std::nullopt;
}

Result<bool> set_hostname(const std::string& file) {
  const auto text = read_file(file.c_str(), 4096);
  if (!text && text.error().errnum == ENOENT) return false;
  if (!text) return Failure(text.error());
  const auto name = parse_hostname(*text);
  if (!name) return false;
  if (::sethostname(name->data(), name->size()) < 0)
    return sys_failure("name the machine", printable(*name));
  return true;
}

}  // namespace zinit
