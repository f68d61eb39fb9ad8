// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses endpoints, with messages that say what is right.
#include "model/endpoint.hpp"

#include <arpa/inet.h>

#include <optional>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/unix_address.hpp"

namespace zinit {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::size_t kMaxHost = 253;  // the longest name in the DNS (RFC 1035)
// Longer than the path of any health page, and short enough for one write to a socket.
constexpr std::size_t kMaxTarget = 4096;

bool is_v6(const std::string& host) {
  in6_addr address;
  return ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool allowed_in_host(char c) {
  return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
}

std::optional<std::string> host_fault(std::string_view host) {
  if (host.empty()) return "has no host";
  if (host.starts_with("//")) return "has // before its host; leave that out";
  if (host.size() > kMaxHost) return fmt::format("has a host name of more than {} bytes", kMaxHost);
  for (const char c : host) {
    if (!allowed_in_host(c)) return fmt::format("has the invalid host name \"{}\"", host);
  }
  return std::nullopt;
}

Parsed<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_integer(text);
  if (!number || *number < 1 || *number > 65535)
    return wrong(fmt::format("has the invalid port \"{}\", must be from 1 to 65535", text));
  return static_cast<std::uint16_t>(*number);
}

/// Parses `host:port` or `[v6]:port`. `standard` is the default port; 0: none.
Parsed<Endpoint> parse_host(std::string_view text, std::uint16_t standard) {
  Endpoint endpoint;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return wrong("has no ] after its IPv6 address");
    endpoint.host = text.substr(1, end - 1);
    if (!is_v6(endpoint.host))
      return wrong(
          fmt::format("has \"{}\" in brackets, which is not an IPv6 address", endpoint.host));
    port = text.substr(end + 1);
    has_port = port.starts_with(':');
    if (!has_port && !port.empty()) return wrong("has something other than :PORT after ]");
  } else {
    if (is_v6(std::string(text)) || is_v6(std::string(text.substr(0, text.rfind(':')))))
      return wrong("has an IPv6 address without brackets; use e.g. \"[::1]:80\"");
    const auto colon = text.find(':');
    has_port = colon != std::string_view::npos;
    endpoint.host = text.substr(0, colon);
    if (auto fault = host_fault(endpoint.host)) return wrong(*std::move(fault));
    if (has_port) port = text.substr(colon);
  }
  endpoint.port = standard;
  if (!has_port && standard == 0) return wrong("has no port; use e.g. \"localhost:80\"");
  if (!has_port) return endpoint;
  const auto number = parse_port(port.substr(1));
  if (!number) return wrong(number.error());
  endpoint.port = *number;
  return endpoint;
}

Parsed<Endpoint> parse_socket(std::string_view path) {
  if (!path.starts_with('/')) return wrong("has no absolute path to a socket");
  if (path.size() > kUnixPathMax)
    return wrong(fmt::format("has a socket path of {} bytes, the kernel allows {}", path.size(),
                             kUnixPathMax));
  Endpoint endpoint;
  endpoint.socket = path;
  return endpoint;
}

/// Parses the target of an HTTP request, which must not contain a line end, because it is sent in
/// the request line.
Parsed<std::string> parse_target(std::string_view text) {
  if (text.find('#') != std::string_view::npos)
    return wrong("has a # part, which is never sent to a server");
  for (const char c : text) {
    if (c <= ' ' || c == '\x7f')
      return wrong("has a character in its path that a URL cannot have, write it as %20");
  }
  if (text.size() > kMaxTarget)
    return wrong(fmt::format("has a path of more than {} bytes", kMaxTarget));
  return text.starts_with('/') ? std::string(text) : "/" + std::string(text);
}

Parsed<Endpoint> with_target(Parsed<Endpoint> endpoint, std::string_view text) {
  if (!endpoint) return endpoint;
  auto target = parse_target(text);
  if (!target) return wrong(target.error());
  endpoint->target = *std::move(target);
  return endpoint;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

Parsed<Endpoint> parse_tcp_endpoint(std::string_view text) {
  if (text.find("://") != std::string_view::npos)
    return wrong("is a URL; use e.g. \"localhost:80\" or \"unix:/run/x.sock\"");
  if (take(text, "unix:")) return parse_socket(text);
  return parse_host(text, 0);
}

Parsed<Endpoint> parse_http_endpoint(std::string_view text) {
  if (take(text, "http+unix://")) {
    const auto end = text.find(":/");
    const auto target = end == std::string_view::npos ? "/" : text.substr(end + 1);
    return with_target(parse_socket(text.substr(0, end)), target);
  }
  if (text.starts_with("https:"))
    return wrong("is an https URL, which health checks do not support; use http");
  if (!take(text, "http://"))
    return wrong(
        "is not an http URL; use e.g. \"http://localhost:80/path\" or "
        "\"http+unix:///run/x.sock:/path\"");
  const auto end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return wrong("has a user in its URL, which health checks do not send");
  return with_target(parse_host(authority, kHttpPort), text.substr(end));
}

std::string endpoint_text(const Endpoint& endpoint) {
  if (!endpoint.socket.empty()) return "unix:" + endpoint.socket;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", endpoint.host, v6 ? "]" : "", endpoint.port);
}

std::string host_header(const Endpoint& endpoint) {
  if (!endpoint.socket.empty()) return "localhost";
  std::string text = endpoint_text(endpoint);
  if (endpoint.port == kHttpPort) text.resize(text.rfind(':'));
  return text;
}

}  // namespace zinit
