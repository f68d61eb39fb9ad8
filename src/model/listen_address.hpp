// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The places where a proxy or a service with [socket] listens, as written in service files. Only
// the text is parsed here; no host name is resolved.
//
//   proxies    host:port   tcp:host:port   [v6]:port   tcp:[v6]:port   unix:/path
//   [socket]   these, and udp:host:port   unix-dgram:/path   fifo:/path
//
// A prefix always counts: "udp:80" is not a port of a host called udp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/endpoint.hpp"

namespace zinit {

enum class ListenType : std::uint8_t {
  stream,    // TCP, or a unix socket
  datagram,  // UDP, or a unix socket
  fifo,
};

struct ListenAddress {
  ListenType type = ListenType::stream;
  Endpoint place;  // `socket` is the path of a unix socket or a FIFO

  bool operator==(const ListenAddress&) const = default;
};

/// Parses an address of a proxy, on either side.
[[nodiscard]] Parsed<Endpoint> parse_proxy_address(std::string_view text);

/// Parses an address of [socket] listen.
[[nodiscard]] Parsed<ListenAddress> parse_listen_address(std::string_view text);

/// Whether `listen[entry]` is [::] with a port that 0.0.0.0 has in the same list. Alone [::] takes
/// connections over IPv4 as well, and then the kernel would refuse the other one (ipv6(7)).
[[nodiscard]] bool is_beside_ipv4(const std::vector<std::string>& listen, std::size_t entry);

}  // namespace zinit
