// Writes a document as TOML: the file that service.set makes.
#pragma once

#include <string>

#include "config/value.hpp"

namespace zinit {

/// `document`, a table of sections, as TOML 1.0 that read_toml() reads as the same document: keys
/// in byte order, tables within a section as sections of their own behind it.
[[nodiscard]] std::string to_toml(const Value& document);

}  // namespace zinit
