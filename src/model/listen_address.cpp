// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses the addresses of proxies and of [socket].
#include "model/listen_address.hpp"

#include <algorithm>
#include <climits>
#include <utility>

#include "base/format.hpp"

namespace zinit {

namespace {

/// The beginning of an address. Without any of these the address is `host:port`.
struct Prefix {
  std::string_view text;
  ListenType type;
  bool path;  // a path follows, not `host:port`
};
constexpr Prefix kPrefixes[] = {
    {"tcp:", ListenType::stream, false},   {"unix:", ListenType::stream, true},
    {"udp:", ListenType::datagram, false}, {"unix-dgram:", ListenType::datagram, true},
    {"fifo:", ListenType::fifo, true},
};

/// A FIFO is opened by its path, which may be longer than a socket's.
Parsed<Endpoint> parse_fifo(std::string_view path) {
  if (!path.starts_with('/')) return wrong("has no absolute path to a FIFO");
  constexpr std::size_t most = PATH_MAX - 1;
  if (path.size() > most)
    return wrong(fmt::format("has a path of {} bytes, the kernel allows {}", path.size(), most));
  Endpoint place;
  place.socket = path;
  return place;
}

Parsed<Endpoint> parse_place(const Prefix& prefix, std::string_view rest) {
  if (prefix.type == ListenType::fifo) return parse_fifo(rest);
  if (prefix.path) return parse_tcp_endpoint(fmt::format("unix:{}", rest));
  // Without this, "tcp:unix:/path" would pass for a unix socket.
  if (rest.starts_with("unix:")) return wrong("has two prefixes, must have one");
  return parse_tcp_endpoint(rest);
}

}  // namespace

Parsed<ListenAddress> parse_listen_address(std::string_view text) {
  for (const Prefix& prefix : kPrefixes) {
    if (!text.starts_with(prefix.text)) continue;
    auto place = parse_place(prefix, text.substr(prefix.text.size()));
    if (!place) return wrong(std::move(place.error()));
    return ListenAddress{prefix.type, *std::move(place)};
  }
  auto place = parse_tcp_endpoint(text);
  if (!place) return wrong(std::move(place.error()));
  return ListenAddress{ListenType::stream, *std::move(place)};
}

bool is_beside_ipv4(const std::vector<std::string>& listen, std::size_t entry) {
  const auto own = parse_listen_address(listen[entry]);
  if (!own || own->place.host != "::") return false;
  ListenAddress other = *own;
  other.place.host = "0.0.0.0";
  return std::ranges::any_of(
      listen, [&](const std::string& one) { return parse_listen_address(one) == other; });
}

Parsed<Endpoint> parse_proxy_address(std::string_view text) {
  auto address = parse_listen_address(text);
  if (!address) return wrong(std::move(address.error()));
  if (address->type != ListenType::stream)
    return wrong("is not a stream address; use e.g. \"localhost:80\" or \"unix:/run/x.sock\"");
  return std::move(address->place);
}

}  // namespace zinit
