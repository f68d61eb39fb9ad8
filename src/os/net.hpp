// The little network that every system has: its name, and the loopback interface.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace zinit {

/// Sets the interface `lo` up; the kernel gives it its addresses. Up already is no error.
/// (netdevice(7))
[[nodiscard]] Result<void> loopback_up();

/// The name in the text of /etc/hostname: its first line that is neither empty nor a comment (#);
/// nothing where there is none. (hostname(5))
[[nodiscard]] std::optional<std::string> parse_hostname(std::string_view text);

/// Names the machine as `file` says. @return false where the file is missing or holds no name;
/// EINVAL for one that is too long (64 bytes), EPERM without the right. (sethostname(2))
[[nodiscard]] Result<bool> set_hostname(const std::string& file = "/etc/hostname");

}  // namespace zinit
