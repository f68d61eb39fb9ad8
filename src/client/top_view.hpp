// The lines of `top`'s screen. Whatever comes from the server is made safe for a terminal here.
#pragma once

#include <string>
#include <vector>

#include "client/terminal.hpp"
#include "client/top_model.hpp"

namespace zinit {

/// A message of the last line, in its colour.
struct TopMessage {
  std::string text;  // printable
  Colour colour = Colour::none;
};

/// How many rows of the table a screen of that height has.
[[nodiscard]] std::size_t top_page(std::size_t height);
/// How many lines of a text.
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

/// The keys, as help shows them.
[[nodiscard]] std::string_view top_help() noexcept;

}  // namespace zinit
