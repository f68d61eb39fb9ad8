// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The boot as the board sees it: which services have not settled yet, when all had settled, and for
// `zinitctl bootchart` when each was wanted, spawned and ready. The next process image finds the
// times of a boot that has settled (SlotFact::boot_times).
//
// Threads: no locking of its own; the board's lock guards all of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/request.hpp"

namespace zinit {

class BootProgress {
 public:
  /// Of one service, recorded until the boot has settled. The epoch: not reached, or not started by
  /// the boot.
  struct Times {
    TimePoint wanted{};
    TimePoint spawned{};     // its first process (a target: when it left `blocked`)
    TimePoint ready{};       // running for the first time, or done
    std::string waited_for;  // the last service that released it before its spawn
  };

  /// A boot begins, perhaps after that of another root.
  void begin(Slots wanted, std::size_t slots, TimePoint now);
  /// After a re-execution: the boot had settled then; the epoch: now these must settle.
  void go_on(TimePoint settled_at, Slots pending);
  /// The boot of another root will follow.
  void forget_settled() noexcept { settled_at_.reset(); }

  /// Some services have not settled yet.
  [[nodiscard]] bool under_way() const noexcept { return under_way_; }
  [[nodiscard]] std::optional<TimePoint> settled_at() const noexcept { return settled_at_; }
  /// Those that have not settled, as far as known: the board removes them from the back.
  [[nodiscard]] Slots& pending() noexcept { return pending_; }
  /// The last one has settled.
  void end(TimePoint now) noexcept {
    under_way_ = false;
    settled_at_ = now;
  }
  /// A service has entered another state while the boot is under way.
  void entered(const World& world, Slot slot, State to);
  /// The service has left the graph.
  void forget(Slot slot);

  /// The services that have times.
  [[nodiscard]] Slots wanted() const;
  [[nodiscard]] const Times& of(Slot slot) const { return times_[slot]; }
  void restore(Slot slot, std::string_view fact);

 private:
  bool under_way_ = false;
  Slots pending_;
  std::optional<TimePoint> settled_at_;
  std::vector<Times> times_;  // by slot; may be shorter
};

/// SlotFact::boot_times.
[[nodiscard]] std::string text_of(const BootProgress::Times& times);

}  // namespace zinit
