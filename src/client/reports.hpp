// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Texts of several lines about one service, for `status`, `why` and `top`. They are safe for a
// terminal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/terminal.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// The answers that the text of a status needs.
struct StatusAnswers {
  ServiceStatus status;
  std::vector<LogLine> log;                   // the last lines of its log
  std::map<std::string, std::string> states;  // of named services; "" or absent: no such
  std::vector<TimerStatus> timers;            // of all services
  std::string cause{};                        // why it is about to start; empty: see the status
};

/// The most lines that a log can have (zinit.toml(5), `buffer_lines`).
inline constexpr std::uint32_t kAllLines = 1000000;

/// The number of log lines in a status.
inline constexpr std::int64_t kStatusLogLines = 10;

[[nodiscard]] std::string status_text(const Terminal& terminal, const StatusAnswers& answers);
[[nodiscard]] std::string why_text(const Terminal& terminal, const WhyReport& report);
/// The same without advice, for a report that has only direct reasons.
[[nodiscard]] std::string brief_why_text(const Terminal& terminal, const WhyReport& report);

}  // namespace zinit
