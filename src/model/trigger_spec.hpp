// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// [timer] and [path] of a service: its triggers besides requests and connections (zinit.toml(5)).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"

namespace zinit {

struct TimerSpec {
  std::vector<std::string> calendar;    // texts for CalendarSpec::parse()
  std::vector<std::string> cron;        // texts for CronSpec::parse()
  std::optional<Milliseconds> every;    // since the last start
  std::optional<Milliseconds> on_boot;  // since the machine's boot
  Milliseconds random_delay{0};         // longest extra delay, chosen again each time
  bool persistent = false;              // catches up with starts missed while it was down

  [[nodiscard]] bool configured() const noexcept {
    return !calendar.empty() || !cron.empty() || every || on_boot;
  }
  bool operator==(const TimerSpec&) const = default;
};

/// Absolute paths.
struct PathSpec {
  std::vector<std::string> exists;               // files of any type that appear
  std::vector<std::string> changed;              // files that are written, replaced or removed
  std::vector<std::string> directory_not_empty;  // directories that get an entry

  [[nodiscard]] bool configured() const noexcept {
    return !exists.empty() || !changed.empty() || !directory_not_empty.empty();
  }
  bool operator==(const PathSpec&) const = default;
};

}  // namespace zinit
