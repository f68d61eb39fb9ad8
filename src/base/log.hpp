// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's own log: one line for each event, with a level. As PID 1 zinit logs to the kernel ring
// buffer, otherwise to standard error. Logging never blocks: a line that cannot be written at once
// is dropped and counted, and the count is logged before the next line that can be written.
//
// Any thread may log, even with locks held: the calling thread formats the line and writes it to
// the sink, several lines at a time if there are several.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/format.hpp"
#include "base/result.hpp"

namespace zinit {

enum class LogLevel { trace, debug, info, warn, error };

/// Reads "trace", "debug", "info", "warn" or "error". The error for any other word lists these.
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view word);
[[nodiscard]] std::string_view log_level_name(LogLevel level) noexcept;

/// Drops lines below `level`. Default: info. Any thread.
void set_log_level(LogLevel level) noexcept;

/// Sets the descriptor for the lines, which are written without blocking (see write_now.hpp). The
/// caller keeps it open. With `kmsg` it is /dev/kmsg, and each line is a record with a priority of
/// syslog(3), "<6>zinit: ...". Default: standard error. Call it before there are other threads.
void set_log_descriptor(int fd, bool kmsg) noexcept;
/// Whether each line begins with the local time; not for /dev/kmsg, which has its own. Default: no.
void set_log_times(bool shown) noexcept;
/// The time with which a line would begin now, and a blank: "2026-01-31 12:34:56 "; empty if lines
/// have no times. Ends with a NUL. By the clock's offset at the last line, so that it is
/// async-signal-safe.
using LogTime = std::array<char, 24>;
[[nodiscard]] LogTime log_time() noexcept;
/// Writes bytes to the lines' descriptor as they are, without blocking. @return  how many it took
/// Async-signal-safe.
std::size_t write_to_log(std::string_view bytes) noexcept;

/// Sets a function that gets every line, for the log named `zinit`, after the line was written or
/// counted as dropped. It must not block or log. Set it before there are other threads.
using LogListener = void (*)(LogLevel level, std::string_view line);
void set_log_listener(LogListener listener) noexcept;

[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// Writes one line; control characters in it are shown as \xNN.
void log_line(LogLevel level, std::string_view text) noexcept;

struct LogRecord {
  LogLevel level;
  std::string_view text;
};
/// The same for several lines, in as few writes as the sink accepts.
void log_lines(std::span<const LogRecord> lines) noexcept;

/// Adds lines lost before, and returns how many lost lines the log has not reported yet. Any
/// thread. Async-signal-safe.
std::uint64_t add_dropped_lines(std::uint64_t count) noexcept;

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
  if (!log_enabled(level)) return;
  try {
    log_line(level, fmt::format(format, std::forward<Args>(args)...));
  } catch (...) {  // no memory for the text: only this line is lost
  }
}

#define ZINIT_LOG_FUNCTION(name)                                                 \
  template <class... Args>                                                       \
  void log_##name(fmt::format_string<Args...> format, Args&&... args) noexcept { \
    log(LogLevel::name, format, std::forward<Args>(args)...);                    \
  }
ZINIT_LOG_FUNCTION(debug)
ZINIT_LOG_FUNCTION(info)
ZINIT_LOG_FUNCTION(warn)
ZINIT_LOG_FUNCTION(error)
#undef ZINIT_LOG_FUNCTION

}  // namespace zinit
