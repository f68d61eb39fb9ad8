// Width and colours of standard output, and texts cut to fit it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

enum class Colour { none, red, green, yellow, cyan, dim, bold };

/// What rendering has to know about standard output. Plain data, so that tests can choose it.
struct Terminal {
  bool is_terminal = false;  // if not, nothing is cut: a file or a pipe has no width
  bool colours = false;
  std::size_t width = 80;
  bool utf8 = true;  // else ASCII: lines and ellipses are drawn with that

  /// `text` in a colour, if there are colours. Escape sequences do not count as width.
  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

  /// On a terminal, `text` cut to `cells`, with an ellipsis at its end. It has to be valid UTF-8
  /// without control characters (base/text.hpp, printable()).
  [[nodiscard]] std::string fit(std::string_view text, std::size_t cells) const;
};

/// Whether $TERM says that the terminal knows no escape sequences, or is not set.
[[nodiscard]] bool is_dumb();

/// What standard output is. It has colours if it is a terminal that is not "dumb", and $NO_COLOR is
/// not set. It is taken for one of UTF-8 unless $LC_ALL, $LC_CTYPE or $LANG, the first that is set,
/// names another (locale(7)). A terminal of unknown width, such as a serial line, has 80 columns.
[[nodiscard]] Terminal standard_terminal();

}  // namespace zinit
