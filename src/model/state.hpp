// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The seven states of a service, and the allowed transitions. Names, symbols and the words in JSON
// come from one list, kStates; the section "States" of behaviour.md is its source.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace zinit {

enum class State : std::uint8_t {
  inactive,  // should not run
  blocked,   // should run, and waits
  starting,  // process spawned, not ready yet
  running,   // ready
  stopping,  // being stopped
  exited,    // ended with success, or stopped on request
  failed,    // ended badly, or cannot start
};

struct StateInfo {
  State state;
  std::string_view name;    // in JSON, logs and on the command line
  std::string_view symbol;  // in `list` and `tree`
};

inline constexpr std::array kStates = {
    StateInfo{State::inactive, "inactive", "[-]"}, StateInfo{State::blocked, "blocked", "[?]"},
    StateInfo{State::starting, "starting", "[>]"}, StateInfo{State::running, "running", "[+]"},
    StateInfo{State::stopping, "stopping", "[!]"}, StateInfo{State::exited, "exited", "[.]"},
    StateInfo{State::failed, "failed", "[X]"},
};

inline constexpr std::size_t kStateCount = kStates.size();
static_assert(kStateCount == static_cast<std::size_t>(State::failed) + 1);

constexpr std::size_t index_of(State state) { return static_cast<std::size_t>(state); }

static_assert(
    [] {
      for (std::size_t i = 0; i < kStateCount; ++i)
        if (index_of(kStates[i].state) != i) return false;
      return true;
    }(),
    "kStates is indexed by State");

constexpr std::string_view state_name(State state) { return kStates[index_of(state)].name; }
constexpr std::string_view state_symbol(State state) { return kStates[index_of(state)].symbol; }

constexpr std::optional<State> state_from_name(std::string_view name) {
  for (const StateInfo& info : kStates)
    if (info.name == name) return info.state;
  return std::nullopt;
}

/// Some of the states, written `State::starting | State::running`.
class StateSet {
 public:
  constexpr StateSet(State state) : bits_(1u << index_of(state)) {}
  [[nodiscard]] constexpr bool has(State state) const {
    return (bits_ >> index_of(state) & 1) != 0;
  }
  friend constexpr StateSet operator|(StateSet a, StateSet b) {
    return StateSet(a.bits_ | b.bits_);
  }

 private:
  explicit constexpr StateSet(unsigned bits) : bits_(bits) {}
  unsigned bits_;
};
constexpr StateSet operator|(State a, State b) { return StateSet(a) | StateSet(b); }

/// Neither running, nor on the way up or down.
constexpr bool at_rest(State state) {
  return state == State::inactive || state == State::exited || state == State::failed;
}

/// Whether a row of the decision table may lead from `from` to `to`. The table is checked against
/// this second, independent statement. Staying in a state is no transition.
constexpr bool transition_allowed(State from, State to) {
  using enum State;
  switch (from) {
    case inactive: return to == blocked;
    case blocked: return to == starting || to == failed || to == inactive;
    case starting:
      return to == running || to == exited || to == stopping || to == blocked || to == failed;
    case running: return to == stopping || to == blocked || to == exited || to == failed;
    case stopping: return to == exited || to == inactive || to == blocked || to == failed;
    case exited: return to == blocked || to == inactive || to == stopping;
    case failed: return to == blocked || to == inactive;
  }
  return false;
}

}  // namespace zinit
