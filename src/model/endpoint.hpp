// Where a health probe connects to, as an endpoint of a service file says it. Pure text: nothing is
// looked up here.
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
  std::string target;      // http: what is asked for, "/path?query"; tcp: empty

  bool operator==(const Endpoint&) const = default;
};

/// What is wrong with an endpoint, as it follows on it in a message: "has no port, ...".
template <class T>
using Parsed = tl::expected<T, std::string>;

/// Of a tcp probe.
[[nodiscard]] Parsed<Endpoint> parse_tcp_endpoint(std::string_view text);

/// Of an http probe.
[[nodiscard]] Parsed<Endpoint> parse_http_endpoint(std::string_view text);

/// As a person writes it: "localhost:80", "[::1]:80", "unix:/run/x". Without an http target.
[[nodiscard]] std::string endpoint_text(const Endpoint& endpoint);

/// What the header Host says: the host, with the port where it is not http's own 80.
[[nodiscard]] std::string host_header(const Endpoint& endpoint);

}  // namespace zinit
