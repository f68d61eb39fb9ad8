// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The header in which a proxy names the client of a connection to its backend: HAProxy's PROXY
// protocol, versions 1 (text) and 2 (binary).
#pragma once

#include <string>

#include "io/resolver.hpp"

namespace zinit {

/// The header for a connection from `client` to `server`, the address on our side. Any connection
/// but TCP with both ends of one family, such as one of unix sockets, is UNKNOWN or LOCAL.
/// (proxy-protocol.txt of HAProxy, sections 2.1 and 2.2)
/// @param version  1 or 2
[[nodiscard]] std::string proxy_header(int version, const SocketAddress& client,
                                       const SocketAddress& server);

}  // namespace zinit
