// zinit's own log: levels, one line an event, to where the mode in force has it (kernel ring buffer
// as PID 1, standard error elsewhere). A line never blocks: what cannot be written at once is
// dropped and counted, and the count is told with the next line that gets through.
//
// Any thread may log, with locks held too: a line is formatted on the caller's stack and handed to
// the sink in one write.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/format.hpp"
#include "base/result.hpp"

namespace zinit {

enum class LogLevel { trace, debug, info, warn, error };

/// "trace" ... "error"; an unknown word is an error that lists the known ones.
[[nodiscard]] Result<LogLevel> parse_log_level(std::string_view word);
[[nodiscard]] std::string_view log_level_name(LogLevel level) noexcept;

/// Lines below `level` are dropped unseen. Default: info. Any thread.
void set_log_level(LogLevel level) noexcept;

/// Where lines go: a descriptor (kept open by the caller, written without blocking: see
/// write_now.hpp). With `kmsg`
/// each line is one record for /dev/kmsg with its priority, "zinit: ..." (printk levels,
/// syslog(3)). Default: standard error. Before other threads run.
void set_log_descriptor(int fd, bool kmsg) noexcept;

/// Called with every line that passes the level, after it was written; for the log named `zinit`.
/// Must not block or log. Before other threads run.
using LogListener = void (*)(LogLevel level, std::string_view line);
void set_log_listener(LogListener listener) noexcept;

[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// One line; control characters in it are shown as \xNN.
void log_line(LogLevel level, std::string_view text) noexcept;

template <class... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) noexcept {
  if (!log_enabled(level)) return;
  try {
    log_line(level, fmt::format(format, std::forward<Args>(args)...));
  } catch (...) {  // no memory for the text: the line is lost, the caller goes on
  }
}

#define ZINIT_LOG_FUNCTION(name)                                             \
  template <class... Args>                                                   \
  void log_##name(fmt::format_string<Args...> format, Args&&... args) noexcept { \
    log(LogLevel::name, format, std::forward<Args>(args)...);                \
  }
ZINIT_LOG_FUNCTION(debug)
ZINIT_LOG_FUNCTION(info)
ZINIT_LOG_FUNCTION(warn)
ZINIT_LOG_FUNCTION(error)
#undef ZINIT_LOG_FUNCTION

}  // namespace zinit
