// Why a service is not running: every direct reason, and for each the chain down to the service
// that really is at fault (behaviour.md, "Dependencies": `why`). Pure, like decide.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/world.hpp"

namespace zinit {

/// One thing that a blocked service waits for, in words: {"db", "failed: exited with code 1"}.
struct Waiting {
  Slot slot = kNoSlot;  // kNoSlot: nothing has that name
  std::string name;
  std::string kind;    // "requires", "after", "conflicts"
  std::string reason;  // why it is not satisfied
};

/// What holds a blocked service now, in the file's order: unsatisfied `requires` (missing ones
/// too), then unreleased `after`, then what conflicts.
[[nodiscard]] std::vector<Waiting> waiting_on(const World& world, Slot slot, TimePoint now);

/// One link of an explanation.
struct WhyReason {
  std::string kind;  // "requires", "missing", "after", "conflicts", "delay", "failed", "wish", ...
  std::string service;  // whose fault this link is: the service itself, or one it waits for
  State state = State::inactive;  // of `service`; inactive where nothing has the name
  std::string detail;             // in words, with what to do where that is known
  std::string root_cause;         // name of the service at fault at the end of the chain
  int depth = 0;  // 0: a direct reason; 1: a reason of the one before with depth 0; ...
};

struct WhyReport {
  std::string name;
  State state = State::inactive;
  std::vector<WhyReason> reasons;  // empty: nothing is wrong
};

[[nodiscard]] WhyReport why(const World& world, Slot slot, TimePoint now);

/// The word for dashboards: running, ok, error, re-spawn, waiting, stopping, stopped.
[[nodiscard]] std::string_view summary(const World& world, Slot slot);

}  // namespace zinit
