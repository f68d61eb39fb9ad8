// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The log's one sink: whole lines, never blocking, with a count of lost lines.
#include "base/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <climits>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "base/write_now.hpp"

namespace zinit {

namespace {

struct LevelInfo {
  LogLevel level;
  std::string_view name;
  int priority;  // syslog(3)
};

constexpr std::array kLevels = {
    LevelInfo{LogLevel::trace, "trace", 7}, LevelInfo{LogLevel::debug, "debug", 7},
    LevelInfo{LogLevel::info, "info", 6},   LevelInfo{LogLevel::warn, "warn", 4},
    LevelInfo{LogLevel::error, "error", 3},
};

// /dev/kmsg refuses records of more than about 1,000 bytes, and a write to a pipe is atomic up to
// PIPE_BUF bytes.
constexpr std::size_t kKmsgMax = 900;
constexpr std::size_t kLineMax = PIPE_BUF - 1;

std::atomic<LogLevel> threshold{LogLevel::info};
std::atomic<LogListener> listener{nullptr};
std::atomic<int> sink{STDERR_FILENO};
std::atomic<bool> sink_is_kmsg{false};
std::atomic<bool> sink_is_ready{false};  // a plain write(2) to the sink never blocks
std::atomic<std::uint64_t> dropped{0};
std::atomic<bool> shows_times{false};
std::atomic<long> utc_offset{0};  // seconds east of UTC, when the last line with a time was written
std::atomic<bool> torn{false};    // the last line was written in part

const LevelInfo& info_of(LogLevel level) noexcept {
  return kLevels[static_cast<std::size_t>(level)];
}

/// Cuts `text` to `limit` bytes, not inside a character, and marks the cut.
std::string cut(std::string text, std::size_t limit) {
  constexpr std::string_view mark = " [cut]";
  if (text.size() <= limit) return text;
  text.resize(cut_utf8(text, limit - mark.size()).size());
  return text.append(mark);
}

std::string record(LogLevel level, std::string_view text, bool kmsg) {
  const LevelInfo& info = info_of(level);
  if (kmsg) return cut(fmt::format("<{}>zinit: {}", info.priority, text), kKmsgMax) + '\n';
  std::string time;
  if (shows_times) {
    const std::int64_t now = wall_us();
    utc_offset = local_time(now).tm_gmtoff;
    time = date_time(now) + " ";
  }
  return cut(fmt::format("{}{:<5} {}", time, info.name, text), kLineMax) + '\n';
}

/// Lines for one write to the sink. The kernel's log gets each line in its own write, as a record.
class Batch {
 public:
  void add(LogLevel level, std::string_view text) {
    const std::string line = record(level, text, kmsg_);
    if (kmsg_ || text_.size() + line.size() > PIPE_BUF) flush();
    text_ += line;
  }

  /// Logs the number of lost lines, before the next line that can be written.
  void tell_dropped() {
    if (dropped == 0) return;
    flush();
    const std::uint64_t count = dropped.exchange(0);
    add(LogLevel::warn, fmt::format("log: {} dropped", counted(count, "line")));
    if (write_out() > 0) dropped += count;
  }

  void flush() noexcept { dropped += write_out(); }

 private:
  /// A full disk or a terminal may take only part of a line. The next line then starts on its own.
  /// @return  the number of lost lines
  std::uint64_t write_out() noexcept {
    if (text_.empty()) return 0;
    if (torn && write_to_log("\n") == 1) torn = false;
    const std::size_t done = torn ? 0 : write_to_log(text_);
    if (done > 0) torn = text_[done - 1] != '\n';
    const auto left = text_.begin() + static_cast<std::ptrdiff_t>(done);
    const auto lost = static_cast<std::uint64_t>(std::count(left, text_.end(), '\n'));
    text_.clear();
    return lost;
  }

  const bool kmsg_ = sink_is_kmsg;
  std::string text_;
};

}  // namespace

Result<LogLevel> parse_log_level(std::string_view word) {
  std::string known;
  for (const LevelInfo& info : kLevels) {
    if (info.name == word) return info.level;
    known.append(known.empty() ? "" : ", ").append(info.name);
  }
  return failure(fmt::format("unknown log level \"{}\"; known are {}", word, known));
}

std::string_view log_level_name(LogLevel level) noexcept { return info_of(level).name; }

void set_log_level(LogLevel level) noexcept { threshold = level; }

void set_log_descriptor(int fd, bool kmsg) noexcept {
  static UniqueFd& own = *new UniqueFd;  // never destroyed: threads may log until the very end
  own.reset();
  // /dev/kmsg never blocks. Others may block even if poll(2) reports them as writable: a terminal
  // that was stopped by ^S, or a pipe that another process fills between poll(2) and write(2).
  if (!kmsg) own = reopen_nonblocking(fd);
  sink = own ? own.get() : fd;
  torn = false;
  sink_is_kmsg = kmsg;
  // /dev/kmsg never blocks a writer, but poll(2) never reports it as writable. A file does not
  // block either, and write_now() would need four system calls per line to find out.
  struct stat status {};
  sink_is_ready = kmsg || (::fstat(fd, &status) == 0 && S_ISREG(status.st_mode));
}

void set_log_times(bool shown) noexcept { shows_times = shown; }

// localtime_r(3) takes a lock, which the interrupted thread may hold.
LogTime log_time() noexcept {
  LogTime text{};
  if (!shows_times || sink_is_kmsg) return text;
  const std::chrono::sys_seconds now{std::chrono::seconds{::time(nullptr) + utc_offset}};
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{now - day};
  char* at = text.data();
  const auto put = [&at](long number, int digits, char end) {
    for (int i = digits; i-- > 0; number /= 10) at[i] = static_cast<char>('0' + number % 10);
    at[digits] = end;
    at += digits + 1;
  };
  put(int{date.year()}, 4, '-');
  put(static_cast<long>(unsigned{date.month()}), 2, '-');
  put(static_cast<long>(unsigned{date.day()}), 2, ' ');
  put(clock.hours().count(), 2, ':');
  put(clock.minutes().count(), 2, ':');
  put(clock.seconds().count(), 2, ' ');
  return text;
}

std::size_t write_to_log(std::string_view bytes) noexcept {
  const ssize_t put =
      sink_is_ready ? ::write(sink, bytes.data(), bytes.size()) : write_now(sink, bytes);
  return static_cast<std::size_t>(std::max<ssize_t>(put, 0));
}

void set_log_listener(LogListener new_listener) noexcept { listener = new_listener; }

bool log_enabled(LogLevel level) noexcept { return level >= threshold; }

std::uint64_t add_dropped_lines(std::uint64_t count) noexcept { return dropped += count; }

void log_lines(std::span<const LogRecord> lines) noexcept {
  const int saved = errno;  // callers log before they report their own fault
  Batch batch;
  std::vector<std::pair<LogLevel, std::string>> printed;
  for (const auto& [level, text] : lines) {
    if (!log_enabled(level)) continue;
    try {
      const std::string& line = printed.emplace_back(level, printable(text)).second;
      batch.tell_dropped();
      batch.add(level, line);
    } catch (...) {
      ++dropped;  // no memory for the line
    }
  }
  batch.flush();
  if (const LogListener listen = listener) {
    for (const auto& [level, line] : printed) {
      try {
        listen(level, line);
      } catch (...) {  // no memory: the line was written all the same
      }
    }
  }
  errno = saved;
}

void log_line(LogLevel level, std::string_view text) noexcept {
  const LogRecord line{level, text};
  log_lines({&line, 1});
}

}  // namespace zinit
