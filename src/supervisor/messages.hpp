// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinit's log lines about services: one line for each change of state.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/log.hpp"
#include "model/world.hpp"

namespace zinit {

struct TransitionFacts {
  const World& world;  // after the change
  Slot slot;
  State from;
  State to;
  pid_t pid;          // 0: none
  TimePoint started;  // of the last process
  TimePoint ended;    // likewise
  TimePoint now;
  std::string_view killer;  // why the last process was killed; empty: unknown
};

[[nodiscard]] LogLevel transition_level(const TransitionFacts& facts);

/// "web: starting, pid 812, attempt 3"
[[nodiscard]] std::string transition_line(const TransitionFacts& facts);

}  // namespace zinit
