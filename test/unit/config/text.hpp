// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Reads a service file from a text, for tests.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/spec_reader.hpp"
#include "support/test.hpp"

namespace zinit::test {

/// The result of read_spec() for a file at `path` with `text`.
inline ParsedSpec parse_spec(std::string_view text, const std::string& path,
                             bool system_class = false) {
  return read_spec({path, system_class}, {},
                   [&](const std::string&) { return Result<std::string>(std::string(text)); });
}

/// The input of a golden file's row, in which ⏎ stands for the end of a line, and ⇥ for a tab.
inline std::string text_of_row(std::string row) {
  for (const auto& [sign, character] : {std::pair("⏎"sv, "\n"), std::pair("⇥"sv, "\t")})
    for (std::size_t at = 0; (at = row.find(sign)) != row.npos;)
      row.replace(at, sign.size(), character);
  return row;
}

/// All faults, as a person sees them.
inline std::vector<std::string> messages_of(const ParsedSpec& parsed) {
  std::vector<std::string> lines;
  for (const Diagnostic& one : parsed.diagnostics) lines.push_back(to_text(one));
  return lines;
}
inline std::vector<std::string> messages_of(const std::string& text,
                                            const std::string& path = "f.toml") {
  return messages_of(parse_spec(text, path));
}

}  // namespace zinit::test
