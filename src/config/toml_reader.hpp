// Reads TOML 1.0 into a tree of values with places. The structure (headers, keys, arrays, tables)
// is read here, in one pass and to a bounded depth, so that keys have places and no file can hang
// or crash the reader; scalars are toml11's (toml_scalar.hpp says why only they).
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "config/source_text.hpp"
#include "config/value.hpp"

namespace zinit {

/// Tables and arrays inside one another, dots of keys and headers included. No key needs more than
/// four; the tree is read and destroyed by recursion.
inline constexpr int kMaxDepth = 32;

/// Values in a document, tables and arrays among them: twice what a target needs that requires
/// every service of the largest system that zinit is built for. A value takes some 150 bytes, so
/// without this a file of 1 MiB could ask for 80 MB.
inline constexpr int kMaxValues = 20000;

/// The document's tables, or the first fault of its syntax, which ends the reading.
///
/// @param raw      the bytes of the file: a byte-order mark and CRLF are taken as they come.
/// @param source   what all places in it say of the file that they are in.
/// @param doubles  takes what is there a second time; the first stands. Null: such a one ends the
///                 reading as well.
[[nodiscard]] tl::expected<Value, TomlFault> read_toml(std::string_view raw,
                                                       std::uint32_t source = 0,
                                                       std::vector<TomlFault>* doubles = nullptr);

}  // namespace zinit
