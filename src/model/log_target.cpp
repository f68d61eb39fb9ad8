// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses the targets of log lines.
#include "model/log_target.hpp"

namespace zinit {

namespace {

Parsed<LogTarget> parse(std::string_view text, std::string_view kinds, bool udp) {
  LogTarget target;
  if (text.starts_with("tcp:"))
    target.way = LogTarget::Way::tcp;
  else if (udp && text.starts_with("udp:"))
    target.way = LogTarget::Way::udp;
  else if (!text.starts_with("unix:"))
    return tl::unexpected<std::string>("is not a valid address, must be " + std::string(kinds));
  const bool local = target.way == LogTarget::Way::unix_socket;
  auto endpoint = parse_tcp_endpoint(local ? text : text.substr(4));
  if (!endpoint) return tl::unexpected<std::string>(std::move(endpoint.error()));
  // Without this, "tcp:unix:/path" would pass for a unix socket.
  if (local == endpoint->socket.empty())
    return tl::unexpected<std::string>("is not a valid address, must be " + std::string(kinds));
  target.endpoint = *std::move(endpoint);
  return target;
}

}  // namespace

Parsed<LogTarget> parse_syslog_target(std::string_view text) {
  return parse(text, "\"unix:/path\", \"udp:host:port\" or \"tcp:host:port\"", true);
}

Parsed<LogTarget> parse_forward_target(std::string_view text) {
  return parse(text, "\"tcp:host:port\" or \"unix:/path\"", false);
}

}  // namespace zinit
