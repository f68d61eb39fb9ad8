// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the way of services' bytes into logs and onto terminals: any pieces must give the same
// lines, and a terminal must not act on a shown byte.
#include "fuzz/fuzz.hpp"

#include "base/json_writer.hpp"
#include "config/shell_words.hpp"
#include "io/splitter.hpp"

namespace zinit::fuzz {
namespace {

/// The lines of `bytes`, read `size` bytes at a time, with pieces of `piece` joined again.
std::vector<std::string> lines_of(std::string_view bytes, std::size_t size, std::size_t piece) {
  std::vector<std::string> lines;
  std::string joined;
  bool goes_on = false;
  const auto emit = [&](const SplitLine& line) {
    require(line.text.size() <= piece);
    require(line.text.find('\n') == std::string_view::npos);
    if (!goes_on) lines.emplace_back();
    lines.back() += line.text;
    goes_on = line.continues;
  };
  LineSplitter splitter;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size())))
    splitter.feed(bytes.substr(0, size), piece, joined, emit);
  if (!splitter.held().empty()) splitter.feed("\n", piece, joined, emit);
  return lines;
}

void check_lines(std::string_view input) {
  std::vector<std::string> whole;
  for (const std::string_view line : split(input, '\n')) whole.emplace_back(line);
  if (whole.back().empty()) whole.pop_back();
  const std::size_t size = input.size() % 11 + 1;
  require(lines_of(input, input.size(), input.size() + 1) == whole);
  require(lines_of(input, size, input.size() % 5 + 1) == whole);
  require(lines_of(input, size, input.size() + 1) == whole);
}

void check_shown(std::string_view input) {
  const std::string shown = printable(input);
  require(showable(shown));
  require(shown.find_first_of("\x1b\n\r\x7f") == std::string::npos);
  const std::string text = to_utf8(input);
  require(valid_utf8(text) && (text == input) == valid_utf8(input));
  require(valid_utf8(cut_utf8(text, text.size() / 2)));

  // JSON means the same before and after.
  const std::string json = json_of(input);
  const std::string safe = printable_json(json);
  require(valid_utf8(safe) && safe == printable(safe));
  const JsonDocument document = parsed(safe);
  require(document.IsString() && text_of(document) == text);
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      "\n \r\n \x1b[2J \x7f \xc2\x9b \xe2\x80\xae \xe2\x81\xa6 \xef\xbb\xbf \xed\xa0\x80 "
      "\xf4\x90\x80\x80 \xc0\x80 \" \\ ' $(");
  all.insert(std::string(1, '\0'));
  return all;
}

void look_at(std::string_view input) {
  check_lines(input);
  check_shown(input);
  if (const auto command = command_from_string(input)) {
    require(!command->argv.empty() && !command->argv.front().empty());
    for (const std::string& word : command->argv)
      require(input.find(word) != input.npos || word == "/bin/sh" || word == "-c" ||
              input.find_first_of("'\"") != input.npos);
  }
}

}  // namespace zinit::fuzz
