// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Capabilities by their names (capabilities(7)).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zinit {

/// The number of the capability with this name, in any case, with or without CAP_. Nothing if there
/// is no such capability.
[[nodiscard]] std::optional<int> capability_number(std::string_view name);

/// "CAP_CHOWN" for 0; the number itself if it has no name yet.
[[nodiscard]] std::string capability_name(int number);

/// The name closest to a mistyped one; nothing if none is close.
[[nodiscard]] std::optional<std::string_view> nearest_capability(std::string_view name);

}  // namespace zinit
