// Lines of "label  text" under each other: what `status` and `reload` are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/terminal.hpp"

namespace zinit {

/// One word of a text that is broken between words only; its colour takes no cells.
struct BlockWord {
  std::string text;  // printable
  Colour colour = Colour::none;
};

class TextBlock {
 public:
  explicit TextBlock(const Terminal& terminal) : terminal_(terminal) {}

  /// "label  text", broken between words where the terminal ends (a pipe has no end), further lines
  /// below the first. Nothing at all where the text is empty.
  void add(std::string_view label, std::string_view text);
  void add(std::string_view label, const std::vector<BlockWord>& words);
  /// A text that is cut rather than broken: a line of a log.
  void add_cut(std::string_view label, std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void begin(std::string_view label);

  const Terminal& terminal_;
  std::string text_;
};

/// The words of `text`, as it is: for TextBlock.
[[nodiscard]] std::vector<BlockWord> words_of(std::string_view text);

/// The words with blanks between them, broken where the terminal ends: the first line after `first`
/// blanks, the others after `indent`. With a line end.
[[nodiscard]] std::string wrapped(const Terminal& terminal, std::size_t first, std::size_t indent,
                                  const std::vector<BlockWord>& words);

}  // namespace zinit
