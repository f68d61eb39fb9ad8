// What the fuzzers have in common. Each is one source that includes this file and defines words()
// and look_at(); the program around them is libFuzzer's, see test/fuzz/run. Called with
// `--dictionary` it prints the words for libFuzzer's -dict.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit::fuzz {

/// The words that inputs are made of, any bytes.
std::set<std::string> words();

/// Looks at one input. What does not hold is told by require().
void look_at(std::string_view input);

/// Ends the program, for libFuzzer to keep the input, unless `holds`.
inline void require(bool holds, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "%s:%d: does not hold\n", file, line);
  std::abort();
}

/// Parts several texts in one input: a byte that none of them has a use for.
inline constexpr char kNext = '\x1E';

/// The parts of `input`, `most` at most: the last has the rest.
inline std::vector<std::string_view> parts_of(std::string_view input, std::size_t most) {
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < most && input.find(kNext) != std::string_view::npos) {
    parts.push_back(input.substr(0, input.find(kNext)));
    input.remove_prefix(parts.back().size() + 1);
  }
  parts.push_back(input);
  return parts;
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
  // What zinit tells of what it meets is not of interest here, and there is much of it.
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
