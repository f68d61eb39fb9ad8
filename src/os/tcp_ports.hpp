// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Which process listens on a TCP port, according to /proc.
//
// There is no trial bind(2): it could make another process's bind(2) fail at that moment, and does
// not show which process has the port.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

struct Listener {
  int port = 0;
  std::uint64_t inode = 0;  // of its socket

  bool operator==(const Listener&) const = default;
};

/// Parses a line of /proc/net/tcp or tcp6; nothing if its socket does not listen. (proc(5))
[[nodiscard]] std::optional<Listener> parse_listener(std::string_view line);

/// A listener on one of `ports`, at any address, IPv4 or IPv6, in zinit's network namespace.
/// Nothing if all are free, or if /proc cannot be read.
[[nodiscard]] std::optional<Listener> find_listener(std::span<const int> ports);

/// The processes that have the socket open, sorted by pid, except those whose descriptors we may
/// not see. Reads the descriptors of all processes, so use it only to explain a failure.
[[nodiscard]] std::vector<pid_t> holders_of_socket(std::uint64_t inode);

/// The process, in words, whose listening socket keeps another one from being bound to `address`,
/// of IPv4 or IPv6. Empty if it is zinit, or is not found. As slow as holders_of_socket().
[[nodiscard]] std::string holder_of_address(const sockaddr_storage& address);

/// `pid`, its process group and session, and the same for its ancestors up to but without PID 1.
[[nodiscard]] std::vector<pid_t> lineage_of(pid_t pid);

}  // namespace zinit
