// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Lines of zinit's own log: the most lines about one service.
#include "supervisor/log_writer.hpp"
#include "base/format.hpp"
#include "support/test.hpp"

namespace zinit::test::supervisor_log_writer {
namespace {

std::size_t about(const LogWriter::Lines& lines, std::string_view begin) {
  return static_cast<std::size_t>(std::ranges::count_if(
      lines.lines, [&](const LogWriter::Line& line) { return line.text.starts_with(begin); }));
}

TEST_CASE("lines about one service are bounded, and all instances of a template are one",
          "[supervisor][log]") {
  LogWriter log;
  CHECK(log.say(LogLevel::info, "quiet: running"));
  for (unsigned i = 0; i < 2 * LogWriter::kMostOfOne; ++i) {
    (void)log.say(LogLevel::info, fmt::format("web@{}: running", i));
    (void)log.say(LogLevel::info, "db: its main process is now pid 7");
    (void)log.say(LogLevel::debug, "db: running -> running");
  }
  (void)log.say(LogLevel::error, "db: cannot be started");
  (void)log.say(LogLevel::info, "quiet: stopping");
  CHECK(log.tell_at() != kNever);
  CHECK(log.tell_at() <= after(Clock::now(), LogWriter::kWindow));
  log.tell_left_out();  // not due yet
  const LogWriter::Lines lines = log.take();
  CHECK(lines.lost == 0);
  CHECK(about(lines, "web@") == LogWriter::kMostOfOne);
  CHECK(about(lines, "db: its") == LogWriter::kMostOfOne);
  CHECK(about(lines, "db: running") == 2 * LogWriter::kMostOfOne);
  CHECK(about(lines, "db: cannot") == 1);
  CHECK(about(lines, "quiet:") == 2);
}

}  // namespace
}  // namespace zinit::test::supervisor_log_writer
