// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The targets of log lines, as written in `syslog` and `forward` of [logging]. Only the text is
// parsed here; no host name is resolved.
#pragma once

#include <string_view>

#include "model/endpoint.hpp"

namespace zinit {

struct LogTarget {
  enum class Way { unix_socket, udp, tcp } way = Way::unix_socket;
  Endpoint endpoint;
};

/// Parses `unix:/path`, `udp:host:port` or `tcp:host:port`.
[[nodiscard]] Parsed<LogTarget> parse_syslog_target(std::string_view text);

/// Parses `tcp:host:port` or `unix:/path`.
[[nodiscard]] Parsed<LogTarget> parse_forward_target(std::string_view text);

}  // namespace zinit
