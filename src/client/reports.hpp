// Texts of several lines about one service, as `status`, `why` and `top` show them. They are safe
// on a terminal.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "client/terminal.hpp"
#include "zinit/client.hpp"

namespace zinit {

/// What a status's text is made from.
struct StatusAnswers {
  ServiceStatus status;
  std::vector<LogLine> log;                   // its last lines
  std::map<std::string, std::string> states;  // of the services that it names; "" or none: no such
  std::vector<TimerStatus> timers;            // of all services
};

/// As many lines as a log can have (zinit.toml(5), `buffer_lines`).
inline constexpr std::uint32_t kAllLines = 1000000;

/// How many lines of its log are shown with a status.
inline constexpr std::int64_t kStatusLogLines = 10;

[[nodiscard]] std::string status_text(const Terminal& terminal, const StatusAnswers& answers);
[[nodiscard]] std::string why_text(const Terminal& terminal, const WhyReport& report);

}  // namespace zinit
