// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines of "label  text" with the texts in one column: the output of `status` and `reload`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/terminal.hpp"

namespace zinit {

/// One word of a text. Line breaks come only between words.
struct BlockWord {
  std::string text;  // printable
  Colour colour = Colour::none;
};

class TextBlock {
 public:
  explicit TextBlock(const Terminal& terminal) : terminal_(terminal) {}

  /// Adds "label  text". On a terminal, a long text continues below its beginning. An empty text
  /// adds nothing.
  void add(std::string_view label, std::string_view text);
  void add(std::string_view label, const std::vector<BlockWord>& words);
  /// Adds a text, such as a line of a log. A text that is too long is cut.
  void add_cut(std::string_view label, std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void begin(std::string_view label);

  const Terminal& terminal_;
  std::string text_;
};

/// Splits `text` into words for a TextBlock.
[[nodiscard]] std::vector<BlockWord> words_of(std::string_view text);

/// Names in a colour, with commas between them. Each name counts as one word.
[[nodiscard]] std::vector<BlockWord> name_list(const std::vector<std::string>& names,
                                               Colour colour);

/// The words with blanks between them, in lines that fit the terminal. The first line is indented
/// by `first`, the others by `indent`. Ends with a line end.
[[nodiscard]] std::string wrapped(const Terminal& terminal, std::size_t first, std::size_t indent,
                                  const std::vector<BlockWord>& words);

}  // namespace zinit
