// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the part of YAML that service files use.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "config/value.hpp"

namespace zinit {

/// The document as tables, arrays and strings. Every scalar is a string as it was written, and null
/// is an empty string whose `boolean` is true. Reads block and flow collections, quoted and plain
/// scalars, literal and folded blocks. Refuses anchors, aliases, tags, tabs as indentation, several
/// documents, values nested deeper than 32, and more than 20,000 values. The error names the line.
[[nodiscard]] Result<Value> read_yaml(std::string_view text);

}  // namespace zinit
