// The header by which a proxy tells a backend whose connection it passes on: HAProxy's PROXY
// protocol, versions 1 (text) and 2 (binary).
#pragma once

#include <string>

#include "io/resolver.hpp"

namespace zinit {

/// The header for a connection from `client` to `server`, its address on our side. Connections that
/// are not of one family of TCP, such as those of unix sockets, are UNKNOWN or LOCAL.
/// (proxy-protocol.txt of HAProxy, sections 2.1 and 2.2)
/// @param version  1 or 2
[[nodiscard]] std::string proxy_header(int version, const SocketAddress& client,
                                       const SocketAddress& server);

}  // namespace zinit
