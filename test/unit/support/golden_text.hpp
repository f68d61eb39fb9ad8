// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Bytes and dialogs in golden files.
#pragma once

#include "support/test.hpp"

namespace zinit::test {

/// The bytes that a text means: \r, \n, \t and \xNN as in C, after another letter the letter.
inline std::string unescaped(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      bytes += text[at];
      continue;
    }
    const char letter = text[++at];
    if (letter == 'x') {
      bytes += static_cast<char>(std::stoi(std::string(text.substr(at + 1, 2)), nullptr, 16));
      at += 2;
    } else {
      bytes += letter == 'r' ? '\r' : letter == 'n' ? '\n' : letter == 't' ? '\t' : letter;
    }
  }
  return bytes;
}

/// For CHECK_GOLDEN_CASES: the lines of a case to which there is an answer, with this answer. Lines
/// that begin with # are remarks.
template <class Answer>
std::string answers_to(const std::string& input, Answer answer_to) {
  std::istringstream lines(input);
  std::string answers;
  for (std::string line; std::getline(lines, line);) {
    const std::string answer = line.starts_with('#') ? std::string() : answer_to(line);
    if (!answer.empty()) answers += line + ": " + answer + "\n";
  }
  return answers;
}

}  // namespace zinit::test
