// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [socket] of a service: the sockets that zinit opens for it (zinit.toml(5)).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zinit {

struct SocketSpec {
  std::vector<std::string> listen;     // texts for parse_listen_address(); empty: no [socket]
  std::vector<std::string> names;      // for LISTEN_FDNAMES, one each; empty: the service's name
  bool on_demand = true;               // the first connection starts the service
  bool accept = false;                 // an instance of the service for each connection
  std::uint32_t max_connections = 64;  // with `accept`; > 0
  std::uint32_t mode = 0666;           // of unix sockets and FIFOs
  std::string user, group;             // their owner, names or numbers; empty: zinit's own
  std::uint32_t backlog = 4096;        // > 0
  bool reuse_port = false;
  bool keepalive = false;
  bool freebind = false;

  [[nodiscard]] bool configured() const noexcept { return !listen.empty(); }
  bool operator==(const SocketSpec&) const = default;
};

}  // namespace zinit
