// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Width and colours of standard output, and texts cut to fit it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace zinit {

enum class Colour { none, red, green, yellow, cyan, dim, bold };

/// Facts about standard output for rendering. Plain data, so that tests can choose it.
struct Terminal {
  bool is_terminal = false;  // if not, nothing is cut: a file or a pipe has no width
  bool colours = false;
  std::size_t width = 80;
  bool utf8 = true;  // otherwise lines and ellipses are drawn in ASCII

  /// `text` in a colour, if there are colours. Escape sequences do not count as width.
  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;

  /// On a terminal, `text` cut to `cells`, with an ellipsis at its end. `text` must be valid UTF-8
  /// without control characters (base/text.hpp, printable()).
  [[nodiscard]] std::string fit(std::string_view text, std::size_t cells) const;
};

/// Whether $TERM names a terminal without escape sequences, or is not set.
[[nodiscard]] bool is_dumb();

/// The facts about standard output. It has colours if it is a terminal that is not "dumb" and
/// $NO_COLOR is not set. It counts as UTF-8 unless the first set one of $LC_ALL, $LC_CTYPE and
/// $LANG names another encoding (locale(7)). An unknown width, as on a serial line, counts as 80.
[[nodiscard]] Terminal standard_terminal();

}  // namespace zinit
