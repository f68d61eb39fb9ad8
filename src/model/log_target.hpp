// Where log lines are sent, as `syslog` and `forward` of [logging] say it. Pure text: nothing is
// looked up here.
#pragma once

#include <string_view>

#include "model/endpoint.hpp"

namespace zinit {

struct LogTarget {
  enum class Way { unix_socket, udp, tcp } way = Way::unix_socket;
  Endpoint endpoint;
};

/// `unix:/path`, `udp:host:port` or `tcp:host:port`; or what is wrong, as it follows on the text.
[[nodiscard]] Parsed<LogTarget> parse_syslog_target(std::string_view text);

/// `tcp:host:port` or `unix:/path`.
[[nodiscard]] Parsed<LogTarget> parse_forward_target(std::string_view text);

}  // namespace zinit
