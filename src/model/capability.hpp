// Capabilities by their names (capabilities(7)).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zinit {

/// The number of a capability's name, with or without CAP_, in any case; nothing where there is no
/// such.
[[nodiscard]] std::optional<int> capability_number(std::string_view name);

/// "CAP_CHOWN" for 0; the number itself where it has no name yet.
[[nodiscard]] std::string capability_name(int number);

/// The nearest name to a mistyped one, or nothing.
[[nodiscard]] std::optional<std::string_view> nearest_capability(std::string_view name);

}  // namespace zinit
