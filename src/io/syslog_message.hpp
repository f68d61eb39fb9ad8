// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Parses messages to /dev/log: RFC 5424, and RFC 3164 as syslog(3) of glibc and musl and logger(1)
// of util-linux and busybox write it. Any other text is one message. Makes no system call.
#pragma once

#include <string>
#include <string_view>

namespace zinit {

/// Views into the parsed bytes.
struct SyslogMessage {
  int severity = 5;      // 0 (emerg) to 7 (debug); notice if the message has none
  std::string_view tag;  // the program's name as the message gives it; may be empty
  std::string_view text;
};

[[nodiscard]] SyslogMessage parse_syslog(std::string_view bytes) noexcept;

/// "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug".
[[nodiscard]] std::string_view severity_name(int severity) noexcept;

}  // namespace zinit
