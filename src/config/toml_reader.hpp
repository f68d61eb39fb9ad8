// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads TOML 1.0 into a tree of values with places. The structure (headers, keys, arrays, tables)
// is read here, in one pass and with bounded depth, so that keys have places and no file can hang
// or crash the reader. toml11 reads only the scalars (toml_scalar.hpp says why).
#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "config/source_text.hpp"
#include "config/value.hpp"

namespace zinit {

/// The deepest nesting of tables and arrays, including the dots of keys and headers. No key needs
/// more than four levels. The tree is read and destroyed recursively, so its depth must be limited.
inline constexpr int kMaxDepth = 32;

/// The most values in a document, including tables and arrays: twice the number in a target that
/// requires every service of the largest intended system. A value takes some 150 bytes, so without
/// this limit a file of 1 MiB could take 80 MB.
inline constexpr int kMaxValues = 20000;

/// The document's tables, or the first syntax fault, which ends the reading.
///
/// @param raw      the bytes of the file; it may have a byte-order mark and CRLF line ends.
/// @param source   the SourcePosition::source of all places in it.
/// @param doubles  receives a fault for each second definition of a key; the first counts. Null: a
///                 second definition ends the reading too.
[[nodiscard]] tl::expected<Value, TomlFault> read_toml(std::string_view raw,
                                                       std::uint32_t source = 0,
                                                       std::vector<TomlFault>* doubles = nullptr);

/// Whether a key without quotes may contain `c`.
[[nodiscard]] bool bare_key_character(char c) noexcept;

}  // namespace zinit
