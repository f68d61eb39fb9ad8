// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lines of `top`'s screen. They make all text of the server safe for a terminal.
#pragma once

#include <string>
#include <vector>

#include "client/terminal.hpp"
#include "client/top_model.hpp"

namespace zinit {

/// A message in the last line, with its colour.
struct TopMessage {
  std::string text;  // printable
  Colour colour = Colour::none;
};

/// Rows of the table on a screen of that height.
[[nodiscard]] std::size_t top_page(std::size_t height);
/// Lines of a text on a screen of that height.
[[nodiscard]] std::size_t text_page(std::size_t height);

/// The header, the table with the selected row marked, and the last line. `server` is the first
/// part of the header: "zinit 0.1.0, up 3m20s".
[[nodiscard]] std::vector<std::string> top_lines(const Terminal& terminal, std::size_t height,
                                                 TopModel& model, const std::string& server,
                                                 const TopMessage& last);

/// A text of several lines under a title, from line `first` on, and the last line.
[[nodiscard]] std::vector<std::string> text_lines(const Terminal& terminal, std::size_t height,
                                                  const std::string& title,
                                                  const std::vector<std::string>& text,
                                                  std::size_t first, const TopMessage& last);

/// The help about the keys.
[[nodiscard]] std::string_view top_help() noexcept;

}  // namespace zinit
