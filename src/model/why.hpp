// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Why a service is not running: every direct reason, and for each the chain of services down to the
// one at fault (behaviour.md, "Dependencies": `why`). Pure functions, like decide().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/world.hpp"

namespace zinit {

/// One thing that a blocked service waits for, in words: {"db", "failed: exited with code 1"}.
struct Waiting {
  Slot slot = kNoSlot;  // kNoSlot: no service has that name
  std::string name;
  std::string kind;       // "requires", "binds_to", "after", "conflicts", "required_by"
  std::string reason;     // its state, in words
  std::string_view code;  // its state, for programs: WhyReason::code
  // If nothing is wrong with it, its way up for programs: "starting", or "under_way" for a oneshot.
  std::string_view on_its_way{};
};

/// What holds a blocked service back: missing dependencies, then dependencies that are not ready,
/// then services in its `after`, then conflicts, each in the order of the file; then dependents
/// that must stop first.
[[nodiscard]] std::vector<Waiting> waiting_on(const World& world, Slot slot, TimePoint now);

/// One link of an explanation.
struct WhyReason {
  std::string kind;  // "requires", "missing", "after", "conflicts", "delay", "failed", "wish", ...
  std::string service;  // the subject of this link: the service itself, or one that it waits for
  State state = State::inactive;  // of `service`; inactive: no such service
  std::string detail;             // in words, with the remedy if known
  std::string root_cause;         // the service at fault at the end of the chain
  int depth = 0;  // 0: a direct reason; 1: the reason for the last link with depth 0; ...
  /// Known about `service`: "missing" or "masked"; the type of its reason if it has failed or was
  /// stopped together with another; "stopped" if a request has ended it; "re-spawn" if it has ended
  /// more than once in a row; empty: nothing more.
  std::string_view code{};
  std::string masked_as{};  // if masked: the name to unmask, its template or itself
};

/// About a running service whose record is `unheard`.
inline constexpr std::string_view kUnheardWords =
    "its output is lost until it is restarted, because a server that was killed has started it";

struct WhyReport {
  std::string name;
  State state = State::inactive;
  std::vector<WhyReason> reasons;  // empty: nothing is wrong

  /// Adds a direct reason about the service itself.
  void add(std::string kind, std::string detail, std::string_view code = {}) {
    reasons.push_back({std::move(kind), name, state, std::move(detail), name, 0, code});
  }
};

[[nodiscard]] WhyReport why(const World& world, Slot slot, TimePoint now);

/// It has a process, but has ended more than once in a row and is not stable yet.
[[nodiscard]] bool runs_again(const Record& record, const Lifecycle& lifecycle, TimePoint now);

/// Why the service is in its state; for a re-spawn, how its process ended. Empty: there is no
/// reason, or the requests say enough.
[[nodiscard]] Reason reason_of_state(const Record& record);

/// reason_text() with the time of the limit that was not kept: "not ready within its
/// start_timeout_ms, 30.0 s"; "..., extended to 45.0 s" if the service has extended it.
[[nodiscard]] std::string reason_text(const Reason& reason, const ServiceSpec& spec);

/// ", command 2 of 3" if one of several commands of pre_exec or ready_exec has failed; else
/// empty, as for a spawn error, which names the program, and when post_exec has begun.
[[nodiscard]] std::string which_command(const Record& record, const ServiceSpec& spec);

/// "; gave up after 2 restarts (max_restarts)" if it has failed for good only for this cause.
[[nodiscard]] std::string gave_up_words(const Record& record);

/// What ended the last attempt of a service that waits for a re-spawn: "pre_exec exited with code
/// 1"; empty if unknown.
[[nodiscard]] std::string cause_of_delay(const Record& record, const ServiceSpec& spec);

/// The word for people and dashboards: running, ok, error, re-spawn, waiting, stopping or stopped.
[[nodiscard]] std::string_view summary(const World& world, Slot slot);

}  // namespace zinit
