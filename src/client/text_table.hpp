// A table for people: columns as wide as what they hold, the last one as wide as the terminal lets
// it be.
#pragma once

#include <string>
#include <vector>

#include "client/terminal.hpp"

namespace zinit {

struct TableCell {
  std::string text;  // printable
  Colour colour = Colour::none;
};

struct TableColumn {
  std::string title;
  bool right = false;         // numbers
  std::size_t widest = 1000;  // on a terminal: wider texts are cut
};

class TextTable {
 public:
  explicit TextTable(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  /// As many cells as there are columns.
  void add(std::vector<TableCell> row) { rows_.push_back(std::move(row)); }

  /// Lines with their ends, a line of titles first. No blanks at the end of a line.
  [[nodiscard]] std::string render(const Terminal& terminal) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(const Terminal& terminal) const;

  std::vector<TableColumn> columns_;
  std::vector<std::vector<TableCell>> rows_;
};

}  // namespace zinit
