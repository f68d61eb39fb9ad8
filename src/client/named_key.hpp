// Keys of service files as people name them in `run` and in scripts.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/keys.hpp"

namespace zinit {

/// The row of `name`: SECTION.KEY, a key of [service], or a key that a single other section of
/// service files has. The error says what is wrong with the name, and what to write.
[[nodiscard]] Result<const Key*> named_key(const std::string& name);

}  // namespace zinit
