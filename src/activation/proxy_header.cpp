// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes the PROXY header. See proxy_header.hpp.
#include "activation/proxy_header.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <string_view>

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr char kVersion2 = 0x20;
constexpr char kLocal = 0x00;
constexpr char kProxy = 0x01;
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;

}  // namespace

std::string proxy_header(int version, const SocketAddress& client, const SocketAddress& server) {
  const int family = client.storage.ss_family;
  const bool known =
      family == server.storage.ss_family && (family == AF_INET || family == AF_INET6);
  if (version == 1) {
    if (!known) return "PROXY UNKNOWN\r\n";
    return fmt::format("PROXY TCP{} {} {} {} {}\r\n", family == AF_INET ? 4 : 6, host_text(client),
                       host_text(server), client.port(), server.port());
  }
  std::string header(kSignature);
  header += static_cast<char>(kVersion2 | (known ? kProxy : kLocal));
  header += known ? (family == AF_INET ? kTcp4 : kTcp6) : '\0';
  std::string addresses;
  if (known) {
    addresses.append(client.host()).append(server.host());
    for (const std::uint16_t port : {client.port(), server.port()})
      addresses += {static_cast<char>(port >> 8), static_cast<char>(port)};
  }
  header += '\0';
  header += static_cast<char>(addresses.size());
  return header + addresses;
}

}  // namespace zinit
