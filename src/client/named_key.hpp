// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keys of service files, as users name them in `run` and in scripts.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/keys.hpp"

namespace zinit {

/// The row for `name`: SECTION.KEY, a key of [service], or a key of only one other section of
/// service files. The error says what is wrong with the name, and what to write.
[[nodiscard]] Result<const Key*> named_key(const std::string& name);

}  // namespace zinit
