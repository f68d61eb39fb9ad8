// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Writes the PROXY header. See proxy_header.hpp.
#include "activation/proxy_header.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

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

/// Address and port as they are sent: in network order.
struct Parts {
  std::string_view address;
  std::string_view port;
};

template <class T>
std::string_view bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

Parts parts_of(const SocketAddress& from) {
  if (from.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from.storage);
    return {bytes_of(v4.sin_addr), bytes_of(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from.storage);
  return {bytes_of(v6.sin6_addr), bytes_of(v6.sin6_port)};
}

std::string host_text(int family, const Parts& parts) {
  char text[INET6_ADDRSTRLEN] = "";
  (void)::inet_ntop(family, parts.address.data(), text, sizeof text);
  return text;
}

int port_number(const Parts& parts) {
  return static_cast<unsigned char>(parts.port[0]) << 8 | static_cast<unsigned char>(parts.port[1]);
}

}  // namespace

std::string proxy_header(int version, const SocketAddress& client, const SocketAddress& server) {
  const int family = client.storage.ss_family;
  const bool known =
      family == server.storage.ss_family && (family == AF_INET || family == AF_INET6);
  if (version == 1) {
    if (!known) return "PROXY UNKNOWN\r\n";
    const Parts from = parts_of(client), to = parts_of(server);
    return fmt::format("PROXY TCP{} {} {} {} {}\r\n", family == AF_INET ? 4 : 6,
                       host_text(family, from), host_text(family, to), port_number(from),
                       port_number(to));
  }
  std::string header(kSignature);
  header += static_cast<char>(kVersion2 | (known ? kProxy : kLocal));
  header += known ? (family == AF_INET ? kTcp4 : kTcp6) : '\0';
  std::string addresses;
  if (known) {
    const Parts from = parts_of(client), to = parts_of(server);
    for (const std::string_view part : {from.address, to.address, from.port, to.port})
      addresses += part;
  }
  header += '\0';
  header += static_cast<char>(addresses.size());
  return header + addresses;
}

}  // namespace zinit
