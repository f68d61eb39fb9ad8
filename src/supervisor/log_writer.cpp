// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The queue of zinit's own log lines. See log_writer.hpp.
#include "supervisor/log_writer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/format.hpp"

namespace zinit {

namespace {

// For zinit's own lines: about as many as the sink takes in one write.
constexpr std::size_t kLinesAtOnce = 64;

}  // namespace

bool LogWriter::say(LogLevel level, std::string line) {
  const bool first = empty();
  if (const TimePoint now = Clock::now(); now >= after(window_, kWindow)) {
    tell_left_out();
    shares_.clear();
    window_ = now;
  }
  // Lines about instances count for their template: each connection may make an instance.
  const std::size_t end = std::min(line.find(':'), line.size());
  const std::string_view name = std::string_view(line).substr(0, end);
  const std::string_view of = name.substr(0, std::min(name.find('@'), name.size() - 1) + 1);
  auto share = shares_.find(of);
  if (share == shares_.end()) share = shares_.emplace(of, Share{}).first;
  const bool counts = level == LogLevel::info || level == LogLevel::warn;
  if (!counts || ++share->second.lines <= kMostOfOne) {
    (void)add({level, std::move(line)});
    return first;
  }
  ++share->second.left_out;
  return !std::exchange(left_out_, true);
}

void LogWriter::tell_left_out() {
  if (Clock::now() < tell_at()) return;
  for (auto& [name, share] : shares_) {
    if (share.left_out == 0) continue;
    (void)add(
        {LogLevel::warn, fmt::format("{}: {} more lines were left out within {} s", name,
                                     std::exchange(share.left_out, 0), kWindow.count() / 1000)});
  }
  left_out_ = false;
}

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
    log_warn("{} lines of this log were lost, because they came faster than zinit could write them",
             lines.lost);
}

}  // namespace zinit
