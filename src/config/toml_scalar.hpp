// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The only file that uses toml11: strings, numbers, dates and booleans in TOML's notation.
//
// toml11 3.7.1 does not get whole files. It copies the line into a message for each alternative
// that it tries, so 400 KiB of array on one line take half a minute; deep nesting overflows its
// stack; and it keeps no places of keys. With one value at a time it has none of these faults.
// Messages are our own. Version 4 refuses floats beyond the range of a double, and allows offsets
// of 24 hours from UTC. No key takes floats or dates, so both versions refuse files with either.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "config/value.hpp"

namespace zinit {

/// The value of `token`, without its place; or the fault, as words after the place in a message.
/// Strings may span lines if TOML allows it.
[[nodiscard]] tl::expected<Value, std::string> toml_scalar(std::string_view token);

}  // namespace zinit
