// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Commands of a service that run beside its main process: stop_exec, reload_exec, ready_exec, the
// exec of [health], and check_exec. The exec of [condition] is among them, but runs before the main
// process. Each has its own session and process group. While one of them has a process left, the
// service does not count as gone. The model knows only of ready_exec.
//
// A service's process itself is one command after the other: those of pre_exec, the main process,
// and, when it and its group have ended, those of post_exec. The record says which
// (CurrentCommand), rows of the decision table launch the next, and all of them are reaped, killed
// and kept in the journal as the one process that there is at a time. The model orders each command
// of ready_exec, because `running` waits for it.
//
// Threads: no locking of its own; the board's lock guards all of it.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "base/time.hpp"
#include "state/journal.hpp"
#include "supervisor/processes.hpp"

namespace zinit {

/// A killed command and its group have this long to end. After that it hangs().
inline constexpr Milliseconds kTimeToDie = std::chrono::seconds{2};

class SideCommand {
 public:
  SideCommand(ProcessTable& table, Slot slot, SideKind kind) noexcept
      : group_(table, slot), kind_(kind) {}

  [[nodiscard]] SideKind kind() const noexcept { return kind_; }
  /// Orders its launch, for the main process `main_pid`.
  void order(pid_t main_pid) noexcept;
  /// The main process `before` of the service is now `now`; a command for it goes on.
  void follow_main(pid_t before, pid_t now) noexcept {
    if (main_pid_ == before) main_pid_ = now;
  }
  /// From order() until launched() or dropped().
  [[nodiscard]] bool ordered() const noexcept { return ordered_; }
  void launched(pid_t pid);
  void dropped() noexcept { ordered_ = false; }
  /// Its launch could not be made now: it stays ordered, and is made again at `at`.
  void postpone(TimePoint at) noexcept { not_before_ = at; }
  /// Whether its launch must be made now.
  [[nodiscard]] bool due() const noexcept { return ordered_ && Clock::now() >= not_before_; }
  /// When a postponed launch must be made; kNever: none is postponed.
  [[nodiscard]] TimePoint due_at() const noexcept {
    return ordered_ && !due() ? not_before_ : kNever;
  }

  [[nodiscard]] pid_t pid() const noexcept { return group_.leader(); }  // 0: none
  [[nodiscard]] pid_t main_pid() const noexcept { return main_pid_; }
  [[nodiscard]] bool gone() const noexcept { return !ordered_ && group_.gone(); }

  /// Its time limit; kNever: it has none, or was killed for passing it already.
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  void limit(TimePoint deadline) noexcept { deadline_ = deadline; }
  /// Kills it if its deadline has passed. @return  true at the one call that did so
  bool kill_if_late(TimePoint now);
  [[nodiscard]] bool late() const noexcept { return late_; }
  /// Its deadline has passed again after the kill: SIGKILL does not reach it.
  [[nodiscard]] bool hangs() const noexcept { return late_ && deadline_ == kNever && !gone(); }

  /// Kills its process group; does nothing if the group is gone.
  void kill() const;
  /// Its process has ended and is reaped next, or was reaped.
  void ended(Remains remains) noexcept;

  [[nodiscard]] SpawnedGroup& group() noexcept { return group_; }

 private:
  SpawnedGroup group_;
  const SideKind kind_;
  bool ordered_ = false;
  bool late_ = false;  // killed for taking too long
  pid_t main_pid_ = 0;
  TimePoint deadline_ = kNever;
  TimePoint not_before_{};
};

/// The side commands of one service. They use memory only once one of them is needed.
class SideCommands {
 public:
  SideCommands(ProcessTable& table, Slot slot) noexcept : table_(table), slot_(slot) {}

  [[nodiscard]] SideCommand& of(SideKind kind) { return made()[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] SideCommand& stop() { return of(SideKind::stop); }
  [[nodiscard]] SideCommand& reload() { return of(SideKind::reload); }
  [[nodiscard]] SideCommand& probe() { return of(SideKind::probe); }
  /// Has no main process and is never ordered: it is part of a launch (condition_checks.hpp).
  [[nodiscard]] SideCommand& condition() { return of(SideKind::condition); }
  /// The model orders each command of ready_exec (Act::run_ready), and gets its end.
  [[nodiscard]] SideCommand& ready() { return of(SideKind::ready); }
  [[nodiscard]] SideCommand& check() { return of(SideKind::check); }
  /// By SideKind; empty: none has been used yet.
  [[nodiscard]] std::span<SideCommand> all() const noexcept {
    return made_ ? std::span(*made_) : std::span<SideCommand>();
  }
  /// The command whose process is `pid`; null: none.
  [[nodiscard]] SideCommand* with(pid_t pid) noexcept;
  /// The first with an ordered launch that is not postponed; null: none.
  [[nodiscard]] const SideCommand* first_ordered() const noexcept;
  [[nodiscard]] bool gone() const noexcept {
    return std::ranges::all_of(all(), &SideCommand::gone);
  }
  /// The earliest deadline, or time of a postponed launch. stop_exec has no limit of its own: the
  /// stop timeout applies.
  [[nodiscard]] TimePoint deadline() const noexcept;

 private:
  using All = std::array<SideCommand, kSideKinds>;
  [[nodiscard]] All& made() {
    const auto one = [this](SideKind kind) { return SideCommand(table_, slot_, kind); };
    if (!made_)
      made_.reset(new All{one(SideKind::stop), one(SideKind::reload), one(SideKind::probe),
                          one(SideKind::condition), one(SideKind::ready), one(SideKind::check)});
    return *made_;
  }

  ProcessTable& table_;
  const Slot slot_;
  std::unique_ptr<All> made_;
};

}  // namespace zinit
