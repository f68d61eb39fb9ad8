// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files of proxies that clients set.
#pragma once

#include "config/modes.hpp"
#include "model/proxy_spec.hpp"
#include "supervisor/board.hpp"

namespace zinit {

/// Writes the file of a proxy atomically, and notes its path in the spec: the file that the proxy
/// comes from (in /etc/zinit if that is a vendor's), otherwise NAME.toml in `places.added`, or
/// NAME.proxy.toml if a service has NAME.toml. Blocks.
/// @return  file_error; already_exists if both are taken. Nothing has changed then
[[nodiscard]] RequestResult<void> write_proxy_file(ProxySpec& spec, const Places& places);

}  // namespace zinit
