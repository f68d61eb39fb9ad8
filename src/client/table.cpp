// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A table for people: see table.hpp.
#include "client/table.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kGap = 2;
// The last column keeps at least this width. On narrower terminals lines wrap.
constexpr std::size_t kLeast = 8;
// Columns are left out until the last one has this width, or as much as it needs.
constexpr std::size_t kEnough = 16;

/// A visible column, with its width in cells of the terminal.
struct Shown {
  std::size_t index;
  std::size_t width;
};

std::size_t width_of_all(const std::vector<Shown>& shown) {
  std::size_t width = kGap * (shown.size() - 1);
  for (const Shown& column : shown) width += column.width;
  return width;
}

std::vector<Shown> shown_columns(const Terminal& terminal, std::span<const TableColumn> columns,
                                 const std::vector<TableRow>& rows) {
  std::vector<Shown> shown;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t width = display_width(columns[i].title);
    for (const TableRow& row : rows) width = std::max(width, display_width(row[i].text));
    if (terminal.is_terminal) width = std::min(width, columns[i].widest);
    shown.push_back({i, width});
  }
  if (!terminal.is_terminal) return shown;
  while (true) {
    const std::size_t last = shown.back().width;
    const std::size_t others = width_of_all(shown) - last;
    const auto sparest = std::ranges::max_element(
        shown, {}, [&](const Shown& column) { return columns[column.index].spare; });
    if (others + std::min(last, kEnough) <= terminal.width || columns[sparest->index].spare == 0) {
      const std::size_t room = terminal.width > others ? terminal.width - others : 0;
      shown.back().width = std::min(last, std::max(room, kLeast));
      return shown;
    }
    shown.erase(sparest);
  }
}

}  // namespace

std::string table_text(const Terminal& terminal, std::span<const TableColumn> columns,
                       const std::vector<TableRow>& rows) {
  const std::vector<Shown> shown = shown_columns(terminal, columns, rows);
  std::string text;
  const auto add_row = [&](const TableRow& row) {
    const std::size_t begin = text.size();
    for (const auto& [index, width] : shown) {
      if (text.size() > begin) text.append(kGap, ' ');
      const std::string cell = terminal.fit(row[index].text, width);
      const std::size_t blanks = width - std::min(width, display_width(cell));
      if (columns[index].right) text.append(blanks, ' ');
      text += terminal.paint(row[index].colour, cell);
      if (!columns[index].right) text.append(blanks, ' ');
    }
    text.erase(std::max(text.find_last_not_of(' ') + 1, begin));
    text += '\n';
  };
  TableRow titles;
  for (const TableColumn& column : columns) titles.push_back({column.title, Colour::dim});
  add_row(titles);
  for (const TableRow& row : rows) add_row(row);
  return text;
}

}  // namespace zinit
