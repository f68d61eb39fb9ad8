// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The host name and the loopback interface.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// Brings the interface `lo` up. The kernel assigns its addresses. No error if it is up already.
/// (netdevice(7))
[[nodiscard]] Result<void> loopback_up();

/// The name in a text of /etc/hostname: its first line that is neither empty nor a comment (#).
/// Nothing if there is none. (hostname(5))
[[nodiscard]] std::optional<std::string> parse_hostname(std::string_view text);

/// Sets the host name to the name in `file`. @return false if the file is missing or has no name;
/// EINVAL if the name is longer than 64 bytes, EPERM without the privilege (sethostname(2))
[[nodiscard]] Result<bool> set_hostname(const std::string& file = "/etc/hostname");

}  // namespace zinit
