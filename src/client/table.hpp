// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A table for people: each column is as wide as its longest text, and the last one takes the rest
// of the terminal. On a narrow terminal spare columns are left out.
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
  bool right = false;              // aligned to the right, for numbers
  std::size_t widest = kAnyWidth;  // on a terminal, longer texts are cut
  int spare = 0;                   // the highest number is left out first; 0: never
};

using TableRow = std::vector<TableCell>;  // one cell for each column

/// A line of titles and a line for each row, without blanks at their ends.
[[nodiscard]] std::string table_text(const Terminal& terminal, std::span<const TableColumn> columns,
                                     const std::vector<TableRow>& rows);

}  // namespace zinit
