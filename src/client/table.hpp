// A table for people: each column is as wide as its longest text, and the last one takes the rest
// of the terminal. On a narrow terminal columns that can be spared are left out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "client/terminal.hpp"

namespace zinit {

struct TableCell {
  std::string text;  // printable
  Colour colour = Colour::none;
};

inline constexpr std::size_t kAnyWidth = 1000;

struct TableColumn {
  std::string title;
  bool right = false;              // aligned to the right, as numbers are
  std::size_t widest = kAnyWidth;  // on a terminal, longer texts are cut
  int spare = 0;                   // what has the highest number is left out first; 0: never
};

using TableRow = std::vector<TableCell>;  // a cell for each column

/// A line of titles and a line for each row, without blanks at their ends.
[[nodiscard]] std::string table_text(const Terminal& terminal, std::span<const TableColumn> columns,
                                     const std::vector<TableRow>& rows);

}  // namespace zinit
