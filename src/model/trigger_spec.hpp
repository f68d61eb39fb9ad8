// [timer] and [path] of a service: what starts it, other than requests and connections
// (zinit.toml(5)).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace zinit {

struct TimerSpec {
  std::vector<std::string> calendar;    // texts that CalendarSpec::parse() takes
  std::vector<std::string> cron;        // texts that CronSpec::parse() takes
  std::optional<Milliseconds> every;    // from the last start
  std::optional<Milliseconds> on_boot;  // from the machine's boot
  Milliseconds random_delay{0};         // at most so much later, each time anew
  bool persistent = false;              // catches up with what was missed while it was down

  [[nodiscard]] bool configured() const noexcept {
    return !calendar.empty() || !cron.empty() || every || on_boot;
  }
  bool operator==(const TimerSpec&) const = default;
};

/// Absolute paths.
struct PathSpec {
  std::vector<std::string> exists;               // files of any type that come into being
  std::vector<std::string> changed;              // files that are written, replaced or removed
  std::vector<std::string> directory_not_empty;  // directories that something comes to be in

  [[nodiscard]] bool configured() const noexcept {
    return !exists.empty() || !changed.empty() || !directory_not_empty.empty();
  }
  bool operator==(const PathSpec&) const = default;
};

}  // namespace zinit
