// The queue of zinit's own log lines. See log_writer.hpp.
#include "supervisor/log_writer.hpp"

#include <array>
#include <utility>

namespace zinit {

namespace {

// Of zinit's own lines: about as many as the sink takes in one write.
constexpr std::size_t kLinesAtOnce = 64;

}  // namespace

bool LogWriter::say(LogLevel level, std::string line) { return add({level, std::move(line)}); }

bool LogWriter::note(Slot slot, std::string line) {
  return add({LogLevel::info, std::move(line), slot});
}

bool LogWriter::add(Line line) {
  const bool first = empty();
  if (lines_.size() < kMostLines)
    lines_.push_back(std::move(line));
  else
    ++lost_;
  return first;
}

LogWriter::Lines LogWriter::take() { return {std::exchange(lines_, {}), std::exchange(lost_, 0)}; }

void LogWriter::write(const Lines& lines, OutputPort& services) {
  std::array<LogRecord, kLinesAtOnce> own{};
  std::size_t count = 0;
  const auto write_own = [&] { log_lines({own.data(), std::exchange(count, 0)}); };
  for (const Line& line : lines.lines) {
    if (line.slot == kNoSlot)
      own[count++] = {line.level, line.text};
    else
      services.note(line.slot, line.text);
    if (count == own.size()) write_own();
  }
  write_own();
  if (lines.lost > 0)
    log_warn("{} lines of this log were lost: more came than could be written", lines.lost);
}

}  // namespace zinit
