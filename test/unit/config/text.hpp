#pragma once
// A service file that is text alone, read: for tests.

#include <string>
#include <string_view>

#include "config/spec_reader.hpp"

namespace zinit::test {

/// What read_spec() makes of a file at `path` that says `text`.
inline ParsedSpec parse_spec(std::string_view text, const std::string& path,
                             bool system_class = false) {
  return read_spec({path, system_class}, {},
                   [&](const std::string&) { return Result<std::string>(std::string(text)); });
}

}  // namespace zinit::test
