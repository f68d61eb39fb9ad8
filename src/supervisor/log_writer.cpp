// The queue of zinit's own log lines. See log_writer.hpp.
#include "supervisor/log_writer.hpp"

#include <utility>

namespace zinit {

bool LogWriter::say(LogLevel level, std::string line) {
  const bool first = empty();
  if (lines_.size() < kMostLines)
    lines_.push_back({level, std::move(line)});
  else
    ++lost_;
  return first;
}

LogWriter::Lines LogWriter::take() { return {std::exchange(lines_, {}), std::exchange(lost_, 0)}; }

void LogWriter::write(const Lines& lines) {
  for (const Line& line : lines.lines) log_line(line.level, line.text);
  if (lines.lost > 0)
    log_warn("{} lines of this log were lost: more came than could be written", lines.lost);
}

}  // namespace zinit
