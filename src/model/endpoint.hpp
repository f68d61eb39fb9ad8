// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The place that a health probe connects to, as written in `endpoint` of a service file. Only the
// text is parsed here; no host name is resolved.
//
//   tcp    host:port   [v6]:port   unix:/path
//   http   http://host[:port]/path   http+unix:///socket:/path
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace zinit {

/// A place to connect to: a unix socket, or a port of a host.
struct Endpoint {
  std::string socket;      // path of a unix socket; empty: TCP
  std::string host;        // a name, or an address without brackets
  std::uint16_t port = 0;  // > 0
  std::string target;      // http: the request target, "/path?query"; tcp: empty

  bool operator==(const Endpoint&) const = default;
};

/// A parsed text, or its fault, in words that follow the text in a message: "has no port, ...".
template <class T>
using Parsed = tl::expected<T, std::string>;

/// The other half of a Parsed: the fault of the text, in words that follow the name of a key.
[[nodiscard]] inline tl::unexpected<std::string> wrong(std::string text) {
  return tl::unexpected<std::string>(std::move(text));
}

/// Parses the endpoint of a tcp probe.
[[nodiscard]] Parsed<Endpoint> parse_tcp_endpoint(std::string_view text);

/// Parses the endpoint of an http probe.
[[nodiscard]] Parsed<Endpoint> parse_http_endpoint(std::string_view text);

/// As people write it: "localhost:80", "[::1]:80", "unix:/run/x"; without the http target.
[[nodiscard]] std::string endpoint_text(const Endpoint& endpoint);

/// The value of the Host header: the host, and the port unless it is 80.
[[nodiscard]] std::string host_header(const Endpoint& endpoint);

}  // namespace zinit
