// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The last changes of state, for later queries and for subscribers that lag behind.
//
// Threads: no locking of its own; the board's lock guards it.
#pragma once

#include <cstdint>
#include <vector>

#include "supervisor/view.hpp"

namespace zinit {

class KeptEvents {
 public:
  /// The number of events kept.
  static constexpr std::size_t kMost = 1000;

  /// Allocates the memory for all events.
  KeptEvents() : events_(kMost) {}

  /// Keeps `event` under the next number; replaces the oldest event if kMost are kept.
  void add(StateEvent event);

  /// Continues the numbers after `seq`, the last event of the previous process image. Call it
  /// before the first add().
  void go_on_after(std::uint64_t seq) noexcept { first_ = last_seq_ = seq; }

  [[nodiscard]] std::uint64_t last_seq() const noexcept { return last_seq_; }

  /// The first `most` events with a number above `seq`, oldest first; `lost` counts those already
  /// overwritten.
  struct After {
    std::vector<StateEvent> events;
    std::uint64_t lost = 0;
  };
  [[nodiscard]] After after(std::uint64_t seq, std::size_t most = kMost) const;

 private:
  std::vector<StateEvent> events_;  // by number, modulo kMost
  std::uint64_t first_ = 0;         // the number before the first event here
  std::uint64_t last_seq_ = 0;
};

}  // namespace zinit
