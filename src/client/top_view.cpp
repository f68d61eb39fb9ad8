// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The lines of `top`'s screen: see top_view.hpp.
#include "client/top_view.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/table.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// Marks a line by swapping its two colours, so the mark needs no colour of its own.
constexpr std::string_view kInverse = "\x1b[7m";
constexpr std::string_view kPlain = "\x1b[0m";

/// Lines above the table's titles. On a low screen the rows need them.
std::size_t header_height(std::size_t height) { return height >= 8 ? 2 : height >= 6 ? 1 : 0; }

/// The titles. Blanks make each column as wide as its usual figures, so that columns do not move
/// while figures change.
struct TopColumn {
  std::string_view title;
  int spare;  // see TableColumn
};
constexpr TopColumn kTopColumns[] = {{"NAME", 0},     {"STATE   ", 2},  {"   PID", 4},
                                     {" CPU%", 0},    {"   MEMORY", 1}, {"TASKS", 3},
                                     {"  READ/s", 5}, {" WRITE/s", 6},  {"  TIME", 7}};

TableRow cells_of(const TopRow& row, bool selected) {
  const ServiceStats& stats = row.stats;
  TableRow cells(std::size(kTopColumns), TableCell{"-"});
  cells[0].text = printable(row.name);
  cells[1].text = printable(row.shown);
  if (!selected) cells[1].colour = state_colour(row.state);  // a colour would end the mark
  if (stats.pid) cells[2].text = std::to_string(*stats.pid);
  if (row.cpu_percent) cells[3].text = fmt::format("{:.1f}", *row.cpu_percent);
  if (stats.memory_bytes) cells[4].text = bytes_text(*stats.memory_bytes);
  if (stats.tasks) cells[5].text = std::to_string(*stats.tasks);
  if (row.read_rate) cells[6].text = bytes_text(static_cast<std::uint64_t>(*row.read_rate));
  if (row.write_rate) cells[7].text = bytes_text(static_cast<std::uint64_t>(*row.write_rate));
  if (stats.cpu_usec)
    cells[8].text = short_duration(static_cast<std::int64_t>(*stats.cpu_usec / 1000));
  return cells;
}

/// The title line and the rows of a page.
std::vector<std::string> table_lines(const Terminal& terminal, TopModel& model, std::size_t page) {
  std::size_t longest = 4;
  for (const TopRow* row : model.rows())
    longest = std::max(longest, display_width(printable(row->name)));
  const std::size_t widest = std::max<std::size_t>(terminal.width / 3, 12);
  std::vector<TableColumn> columns;
  for (const TopColumn& column : kTopColumns)
    columns.push_back({std::string(column.title), columns.size() > 1, kAnyWidth, column.spare});
  columns[0].widest = widest;
  columns[0].title.resize(std::min(longest, widest), ' ');
  const std::size_t first = model.first_shown(page);
  const std::size_t end = std::min(first + page, model.rows().size());
  std::vector<TableRow> rows;
  for (std::size_t i = first; i < end; ++i)
    rows.push_back(cells_of(*model.rows()[i], i == model.selected()));
  const std::string text = table_text(terminal, columns, rows);
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  lines.pop_back();  // the text after the last line end
  if (const std::size_t marked = model.selected() - first + 1; marked < lines.size()) {
    std::string& line = lines[marked];
    line.append(terminal.width - std::min(display_width(line), terminal.width), ' ');
    line.insert(0, kInverse).append(kPlain);
  }
  return lines;
}

std::string counts_text(const TopTotals& totals) {
  std::vector<std::string> parts;
  for (const auto& [state, count] : totals.states)
    parts.push_back(fmt::format("{} {}", count, printable(state)));
  return fmt::format("{}{}{}", counted(totals.services, "service"), parts.empty() ? "" : ": ",
                     join(parts, ", "));
}

std::string sums_text(const TopModel& model, const TopTotals& totals) {
  std::string text =
      fmt::format("cpu {}, memory {}, tasks {}; by {}{}",
                  totals.cpu_percent ? fmt::format("{:.1f}%", *totals.cpu_percent) : "-",
                  bytes_text(totals.memory_bytes), totals.tasks, top_sort_name(model.sort()),
                  model.is_reversed() ? ", reversed" : "");
  if (model.shows_all()) text += "; all";
  if (!model.filter().empty()) text += fmt::format("; names with {}", printable(model.filter()));
  return text;
}

std::string last_text(const Terminal& terminal, const TopMessage& last) {
  return terminal.paint(last.colour, terminal.fit(last.text, terminal.width));
}

/// Puts the last line at the end of the screen.
std::vector<std::string> with_last(const Terminal& terminal, std::size_t height,
                                   std::vector<std::string> lines, const TopMessage& last) {
  lines.resize(height);
  if (height > 0) lines.back() = last_text(terminal, last);
  return lines;
}

}  // namespace

std::size_t top_page(std::size_t height) {
  const std::size_t others = header_height(height) + 2;  // titles, last line
  return height > others ? height - others : 0;
}

std::size_t text_page(std::size_t height) { return height > 2 ? height - 2 : 0; }

std::vector<std::string> top_lines(const Terminal& terminal, std::size_t height, TopModel& model,
                                   const std::string& server, const TopMessage& last) {
  const TopTotals totals = model.totals();
  std::vector<std::string> lines = {fmt::format("{}; {}", server, counts_text(totals)),
                                    sums_text(model, totals)};
  lines.resize(header_height(height));
  for (std::string& line : lines) line = terminal.fit(line, terminal.width);
  for (std::string& line : table_lines(terminal, model, top_page(height)))
    lines.push_back(std::move(line));
  if (model.rows().empty())
    lines.push_back(model.filter().empty() ? "no service has a process"
                    : model.shows_all()    ? "no such service"
                                           : "no such service has a process");
  return with_last(terminal, height, std::move(lines), last);
}

std::vector<std::string> text_lines(const Terminal& terminal, std::size_t height,
                                    const std::string& title, const std::vector<std::string>& text,
                                    std::size_t first, const TopMessage& last) {
  std::vector<std::string> lines = {
      terminal.paint(Colour::bold, terminal.fit(title, terminal.width))};
  for (std::size_t i = first; i < text.size() && i < first + text_page(height); ++i)
    lines.push_back(text[i]);
  return with_last(terminal, height, std::move(lines), last);
}

std::string_view top_help() noexcept {
  return "up, down, j, k    select a service, or scroll; also PgUp, PgDn, Home, End\n"
         "S T R             start, stop or restart it; the last two ask first\n"
         "l                 the last lines of its log, and new lines as they come\n"
         "w                 why it is not running\n"
         "Enter, d          everything about it\n"
         "c m t i n s       sort by cpu, memory, tasks, io, name or state;\n"
         "                  the same key again reverses the order\n"
         "a                 all services, or only those with processes\n"
         "/                 only names that contain a text; Esc ends that\n"
         "Ctrl-L            draw the screen again\n"
         "h, ?              this help\n"
         "q, Esc            back, and from the table: leave\n"
         "\n"
         "CPU% is the share of one processor since the previous display, READ/s and\n"
         "WRITE/s are the bytes read from disks and written to them since then; TIME is\n"
         "all the processor time so far. A dash means: not known, or not yet.\n";
}

}  // namespace zinit
