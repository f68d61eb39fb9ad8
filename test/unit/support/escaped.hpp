// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Bytes that a golden file does not show, as in C: \n, \t, \\ and \xNN.

#include "support/test.hpp"

namespace zinit::test {

inline std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      bytes += text[at];
      continue;
    }
    const char what = text[++at];
    bytes += what == 'n' ? '\n' : what == 't' ? '\t' : what;
    if (what != 'x') continue;
    bytes.back() = static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
    at += 2;
  }
  return bytes;
}

}  // namespace zinit::test
