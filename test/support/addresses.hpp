// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Addresses of sockets by their numbers.
#pragma once

#include "io/resolver.hpp"
#include "support/system.hpp"

namespace zinit::test {

/// An address of IPv4 or of IPv6. Makes no assertion: services of scenarios call it.
inline SocketAddress ip_address(const std::string& host, std::uint16_t port) {
  SocketAddress address;
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
  const bool is_six = host.find(':') != host.npos;
  address.size = is_six ? sizeof six : sizeof four;
  address.storage.ss_family = is_six ? AF_INET6 : AF_INET;
  (is_six ? six.sin6_port : four.sin_port) = htons(port);
  void* const to = is_six ? static_cast<void*>(&six.sin6_addr) : &four.sin_addr;
  if (::inet_pton(address.storage.ss_family, host.c_str(), to) != 1)
    throw std::invalid_argument(host + " is no address");
  return address;
}

}  // namespace zinit::test
