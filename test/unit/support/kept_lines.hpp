// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Reads the lines kept in a log, and adds lines, for tests.

#include "support/test.hpp"

#include "base/time.hpp"
#include "io/log_store.hpp"
#include "io/ring.hpp"

namespace zinit::test {

/// The last `count` lines from `look_back`, a function of Ring or LogStore; oldest first.
template <class LookBack>
std::vector<LogLine> last_shown(std::size_t count, LookBack look_back) {
  std::vector<LogLine> lines;
  look_back(count, std::numeric_limits<std::size_t>::max(), [&](const Ring::View& line) {
    lines.push_back({line.seq, line.time_us, line.stream, line.continues, std::string(line.text)});
    return true;
  });
  std::ranges::reverse(lines);
  return lines;
}

inline std::vector<LogLine> last(const Ring& ring, std::size_t count) {
  Ring::Place place;
  return last_shown(count, [&](auto... rest) { return ring.look_back(place, rest...); });
}

/// The last lines, with everything that the service has written so far.
inline std::vector<LogLine> last(LogStore& store, Slot slot, std::size_t count) {
  Ring::Place place;
  return last_shown(count, [&](auto... rest) { return store.look_back(slot, place, rest...); });
}

/// Adds a line without a process to the service's log.
inline void add_line(LogStore& store, Slot slot, std::string_view line) {
  store.take_message(slot, 0, wall_us(), line);
}

}  // namespace zinit::test
