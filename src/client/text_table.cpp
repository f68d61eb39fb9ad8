// A table for people: see text_table.hpp.
#include "client/text_table.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::size_t kGap = 2;
// The last column is not cut below this, however narrow the terminal: then lines wrap.
constexpr std::size_t kLeast = 8;

/// One cell with the gap before it, cut and filled.
std::string render_cell(const Terminal& terminal, const TableColumn& column, const TableCell& cell,
                        std::size_t width, bool last) {
  const std::string text = terminal.fit(cell.text, width);
  if (column.right) return terminal.paint(cell.colour, pad_left(text, width));
  if (last) return terminal.paint(cell.colour, text);
  // The blanks are outside of the colour, so that an underlined or coloured title ends with its
  // text.
  return terminal.paint(cell.colour, text) +
         pad_right("", width - std::min(width, display_width(text)));
}

}  // namespace

std::vector<std::size_t> TextTable::widths(const Terminal& terminal) const {
  std::vector<std::size_t> widths;
  std::size_t used = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    if (terminal.is_terminal) width = std::min(width, columns_[i].widest);
    const bool last = i + 1 == columns_.size();
    if (last && terminal.is_terminal) {
      const std::size_t room = terminal.width > used ? terminal.width - used : 0;
      width = std::min(width, std::max(room, kLeast));
    }
    widths.push_back(width);
    used += width + kGap;
  }
  return widths;
}

std::string TextTable::render(const Terminal& terminal) const {
  const auto width = widths(terminal);
  std::string text;
  const auto render_row = [&](const std::vector<TableCell>& row) {
    const std::size_t begin = text.size();
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text.append(kGap, ' ');
      text += render_cell(terminal, columns_[i], row[i], width[i], i + 1 == row.size());
    }
    text.erase(std::max(text.find_last_not_of(' ') + 1, begin));
    text += '\n';
  };
  std::vector<TableCell> titles;
  for (const TableColumn& column : columns_) titles.push_back({column.title, Colour::dim});
  render_row(titles);
  for (const auto& row : rows_) render_row(row);
  return text;
}

}  // namespace zinit
