// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The common part of the fuzzers. Each fuzzer is one source that includes this file and defines
// words() and look_at(); libFuzzer is the program around them, see test/fuzz/run. With
// `--dictionary` the program prints the words for libFuzzer's -dict.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit::fuzz {

/// The words that inputs consist of, any bytes.
std::set<std::string> words();

/// Checks one input. A check that fails ends the program by require().
void look_at(std::string_view input);

/// Ends the program unless `holds`, so that libFuzzer keeps the input.
inline void require(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold\n", file, line);
  std::abort();
}

/// The words of a list.
inline std::set<std::string> words_in(std::string_view list, char between = ' ') {
  const auto words = split(list, between);
  return {words.begin(), words.end()};
}

/// Separates several texts in one input: no text needs this byte.
inline constexpr char kNext = '\x1E';

/// The parts of `input`, at most `most`: the last part holds the rest.
inline std::vector<std::string_view> parts_of(std::string_view input, std::size_t most) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < most && input.find(kNext) != std::string_view::npos) {
    parts.push_back(input.substr(0, input.find(kNext)));
    input.remove_prefix(parts.back().size() + 1);
  }
  parts.push_back(input);
  return parts;
}

inline JsonDocument parsed(std::string_view text) {
  JsonDocument document;
  document.Parse<kJsonParse>(text.data(), text.size());
  require(!document.HasParseError());
  return document;
}

/// Whether `text` may be shown on a terminal as one line.
inline bool showable(std::string_view text) { return valid_utf8(text) && text == printable(text); }

/// A word as a line of a dictionary: its bytes in quotes.
inline std::string quoted_word(std::string_view word) {
  std::string line = "\"";
  for (const char c : word) line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return line + '"';
}

}  // namespace zinit::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // Drop zinit's log lines: they are many, and of no interest here.
  zinit::set_log_level(static_cast<zinit::LogLevel>(100));
  if (*argc < 2 || std::string_view((*argv)[1]) != "--dictionary") return 0;
  for (const std::string& word : zinit::fuzz::words())
    if (!word.empty()) std::puts(zinit::fuzz::quoted_word(word).c_str());
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  zinit::fuzz::look_at({reinterpret_cast<const char*>(data), size});
  return 0;
}
