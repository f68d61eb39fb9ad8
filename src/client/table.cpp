// A table for people: see table.hpp.
#include "client/table.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kGap = 2;
// The last column keeps at least this width; on a terminal too narrow for that, lines wrap.
constexpr std::size_t kLeast = 8;

/// How wide the columns are, in cells of the terminal.
std::vector<std::size_t> column_widths(const Terminal& terminal,
                                       std::span<const TableColumn> columns,
                                       const std::vector<TableRow>& rows) {
  std::vector<std::size_t> widths;
  std::size_t used = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::size_t width = display_width(columns[i].title);
    for (const TableRow& row : rows) width = std::max(width, display_width(row[i].text));
    if (terminal.is_terminal) width = std::min(width, columns[i].widest);
    if (terminal.is_terminal && i + 1 == columns.size()) {
      const std::size_t room = terminal.width > used ? terminal.width - used : 0;
      width = std::min(width, std::max(room, kLeast));
    }
    widths.push_back(width);
    used += width + kGap;
  }
  return widths;
}

}  // namespace

std::string table_text(const Terminal& terminal, std::span<const TableColumn> columns,
                       const std::vector<TableRow>& rows) {
  const auto widths = column_widths(terminal, columns, rows);
  std::string text;
  const auto add_row = [&](const TableRow& row) {
    const std::size_t begin = text.size();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text.append(kGap, ' ');
      const std::string shown = terminal.fit(row[i].text, widths[i]);
      const std::size_t blanks = widths[i] - std::min(widths[i], display_width(shown));
      if (columns[i].right) text.append(blanks, ' ');
      text += terminal.paint(row[i].colour, shown);
      if (!columns[i].right) text.append(blanks, ' ');
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
