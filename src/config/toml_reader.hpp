// Reads TOML 1.0 into a tree of values with places. The structure (headers, keys, arrays, tables)
// is read here, in one pass and to a bounded depth, so that keys have places and no file can hang
// or crash the reader; scalars are toml11's (toml_scalar.hpp says why only they).
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "config/source_text.hpp"
#include "config/value.hpp"

namespace zinit {

/// How deep tables and arrays may be nested, dots of keys and headers included. No key needs more
/// than four levels. The tree is read and destroyed by recursion, so its depth must be bounded.
inline constexpr int kMaxDepth = 32;

/// How many values a document may have, tables and arrays included: twice as many as a target needs
/// that requires every service of the largest system that zinit is built for. A value takes some
/// 150 bytes, so without this limit a file of 1 MiB could take 80 MB.
inline constexpr int kMaxValues = 20000;

/// The document's tables, or the first fault of its syntax, which ends the reading.
///
/// @param raw      the bytes of the file; it may have a byte-order mark and CRLF line ends.
/// @param source   the SourcePosition::source of all places in it.
/// @param doubles  receives a fault for each key that is defined a second time; the first counts.
///                 Null: such a key ends the reading as well.
[[nodiscard]] tl::expected<Value, TomlFault> read_toml(std::string_view raw,
                                                       std::uint32_t source = 0,
                                                       std::vector<TomlFault>* doubles = nullptr);

/// Whether a key that is not in quotes may contain `c`.
[[nodiscard]] bool bare_key_character(char c) noexcept;

}  // namespace zinit
