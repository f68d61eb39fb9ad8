// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads YAML.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/value.hpp"

namespace zinit {

/// The documents of a text as tables, arrays and strings, except those without content. Every
/// scalar is a string as it was written, whose `integer` is 1 if it has neither quotes nor a tag;
/// null is an empty string whose `boolean` is true. Each alias is replaced by a copy of its
/// anchor's value, and `<<` by the keys of its tables.
///
/// Refuses tags that are not those of YAML's core schema, keys that are no text, a key given twice,
/// values nested deeper than kMaxDepth, more than kMaxValues values, and copies of more than 16 MiB
/// in all. The error names the line.
[[nodiscard]] Result<std::vector<Value>> read_yaml(std::string_view text);

}  // namespace zinit
