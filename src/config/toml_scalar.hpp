// The only file that uses toml11: strings, numbers, dates and booleans as TOML writes them.
//
// toml11 3.7.1 is not given whole files. It copies the line into a message for each alternative
// that it tries, so that 400 KiB of array on one line take it half a minute; deep nesting overflows
// its stack; it keeps no place of a key. One value at a time has none of these faults. Messages are
// our own. Version 4 refuses floats beyond the range of a double, and allows offsets of 24 hours
// from UTC; no key takes floats or dates, so both versions refuse a file with one of these.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "config/value.hpp"

namespace zinit {

/// The value of `token`, without its place; or what is wrong with it, in words that follow the
/// place in a message. Strings may span lines if TOML allows it.
[[nodiscard]] tl::expected<Value, std::string> toml_scalar(std::string_view token);

}  // namespace zinit
