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
  /// How many are kept.
  static constexpr std::size_t kMost = 1000;

  /// Takes the memory for all of them.
  KeptEvents() : events_(kMost) {}

  /// Keeps `event` under the next number; replaces the oldest event if kMost are kept.
  void add(StateEvent event);

  /// Numbers go on after `seq`, that of the last event of the previous process image. Before the
  /// first one.
  void go_on_after(std::uint64_t seq) noexcept { first_ = last_seq_ = seq; }

  [[nodiscard]] std::uint64_t last_seq() const noexcept { return last_seq_; }

  /// The events with a number above `seq`, oldest first, and how many of these are kept no longer.
  struct After {
    std::vector<StateEvent> events;
    std::uint64_t lost = 0;
  };
  [[nodiscard]] After after(std::uint64_t seq) const;

 private:
  std::vector<StateEvent> events_;  // by number, modulo kMost
  std::uint64_t first_ = 0;         // the number before that of the first event here
  std::uint64_t last_seq_ = 0;
};

}  // namespace zinit
