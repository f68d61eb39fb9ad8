// Reads the part of YAML that files of services are written in.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "config/value.hpp"

namespace zinit {

/// The document as tables, arrays and strings: every scalar is a string as it was written, and null
/// is an empty one. Block and flow collections, quoted and plain scalars, literal and folded blocks
/// are read. The error names the line: anchors, aliases, tags, tabs as indentation and several
/// documents are not read, nor is what is nested deeper than 32 or has more than 20,000 values.
[[nodiscard]] Result<Value> read_yaml(std::string_view text);

}  // namespace zinit
