// What programs send to /dev/log: RFC 3164 as syslog(3) of glibc and musl and the loggers of
// util-linux and busybox write it, RFC 5424, and whatever else comes: any bytes are a message.
//
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace zinit {

/// Views into the bytes that were read.
struct SyslogMessage {
  int severity = 5;      // 0 (emerg) to 7 (debug); where the message has none it is a notice
  std::string_view tag;  // the program's name for itself; may be empty
  std::string_view text;
};

[[nodiscard]] SyslogMessage parse_syslog(std::string_view bytes) noexcept;

/// "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug".
[[nodiscard]] std::string_view severity_name(int severity) noexcept;

}  // namespace zinit
