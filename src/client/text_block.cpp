// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines of "label  text": see text_block.hpp.
#include "client/text_block.hpp"

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kIndent = 4;
constexpr std::size_t kLabel = 11;  // "required by"
constexpr std::size_t kTextColumn = kIndent + kLabel + 2;

}  // namespace

std::vector<BlockWord> words_of(std::string_view text) {
  std::vector<BlockWord> words;
  for (const std::string_view word : split(text, ' ')) words.push_back({std::string(word)});
  return words;
}

std::vector<BlockWord> name_list(const std::vector<std::string>& names, Colour colour) {
  std::vector<BlockWord> words;
  for (const std::string& name : names)
    words.push_back({printable(name) + (&name == &names.back() ? "" : ","), colour});
  return words;
}

std::string wrapped(const Terminal& terminal, std::size_t first, std::size_t indent,
                    const std::vector<BlockWord>& words) {
  std::string text(first, ' ');
  std::size_t column = first;
  bool at_start = true;
  for (const BlockWord& word : words) {
    const std::size_t width = display_width(word.text);
    if (!at_start && terminal.is_terminal && column + 1 + width > terminal.width) {
      text.append("\n").append(indent, ' ');
      column = indent;
      at_start = true;
    }
    if (!at_start) {
      text += ' ';
      ++column;
    }
    text += terminal.paint(word.colour, word.text);
    column += width;
    at_start = false;
  }
  return text + "\n";
}

void TextBlock::begin(std::string_view label) {
  text_.append(kIndent, ' ').append(terminal_.paint(Colour::dim, label));
  const std::size_t width = display_width(label);
  text_.append(width < kLabel ? kLabel - width : 0, ' ').append("  ");
}

void TextBlock::add(std::string_view label, std::string_view text) {
  if (!text.empty()) add(label, words_of(text));
}

void TextBlock::add(std::string_view label, const std::vector<BlockWord>& words) {
  if (words.empty()) return;
  begin(label);
  // The label replaces the blanks at the start of the first line.
  text_ += wrapped(terminal_, kTextColumn, kTextColumn, words).substr(kTextColumn);
}

void TextBlock::add_cut(std::string_view label, std::string_view text) {
  begin(label);
  const std::size_t room = terminal_.width > kTextColumn ? terminal_.width - kTextColumn : 1;
  text_.append(terminal_.fit(text, room)).append("\n");
}

}  // namespace zinit
