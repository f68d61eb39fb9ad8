// What output goes to: how wide it is, whether it has colours, and texts made to fit it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

enum class Colour { none, red, green, yellow, cyan, dim, bold };

/// Standard output, as far as rendering is concerned. Plain data, so that tests can render for any.
struct Terminal {
  bool is_terminal = false;  // else nothing is cut: a file or a pipe has no width
  bool colours = false;
  std::size_t width = 80;

  /// `text` in a colour, where there are any. The colour takes no cells.
  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

  /// `text` cut to `cells` with an ellipsis at its end, on a terminal only. Valid UTF-8 without
  /// control characters is expected (base/text.hpp, printable()).
  [[nodiscard]] std::string fit(std::string_view text, std::size_t cells) const;
};

/// Standard output as it is: colours on a terminal that is not "dumb", unless `no_color` or
/// NO_COLOR is set. A terminal that does not know its width, as many a serial line, counts as 80
/// wide.
[[nodiscard]] Terminal standard_terminal(bool no_color);

/// `text` filled with blanks to `cells`, at its end or (numbers) at its beginning.
[[nodiscard]] std::string pad_right(std::string_view text, std::size_t cells);
[[nodiscard]] std::string pad_left(std::string_view text, std::size_t cells);

}  // namespace zinit
