// Commands of a service that run beside its main process: stop_exec, reload_exec, and the exec of
// [health]. Each has its own session and process group. While a process of one is left, the service
// does not count as gone. The model does not know of these commands.
//
// Threads: no locking of its own; the board's lock guards all of it.
#pragma once

#include <algorithm>
#include <array>

#include "base/time.hpp"
#include "supervisor/processes.hpp"

namespace zinit {

class SideCommand {
 public:
  SideCommand(ProcessTable& table, Slot slot) noexcept : group_(table, slot) {}

  /// Orders its launch, for the main process `main_pid`.
  void order(pid_t main_pid) noexcept;
  /// From order() until launched() or dropped().
  [[nodiscard]] bool ordered() const noexcept { return ordered_; }
  void launched(pid_t pid);
  void dropped() noexcept { ordered_ = false; }

  [[nodiscard]] pid_t pid() const noexcept { return group_.leader(); }  // 0: none
  [[nodiscard]] pid_t main_pid() const noexcept { return main_pid_; }
  [[nodiscard]] bool gone() const noexcept { return !ordered_ && group_.gone(); }

  /// When it has taken too long; kNever if it has no limit, or has been killed for it already.
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
  void limit(TimePoint deadline) noexcept { deadline_ = deadline; }
  /// Kills it if its deadline has passed. @return  true once, when that has happened
  bool kill_if_late(TimePoint now);
  [[nodiscard]] bool late() const noexcept { return late_; }

  /// Kills its process group; does nothing if that is gone.
  void kill() const;
  /// Its process has ended and will be reaped next, or has been.
  void ended(Remains remains) noexcept;

  [[nodiscard]] SpawnedGroup& group() noexcept { return group_; }

 private:
  SpawnedGroup group_;
  bool ordered_ = false;
  bool late_ = false;  // killed for taking too long
  pid_t main_pid_ = 0;
  TimePoint deadline_ = kNever;
};

/// The side commands of one service.
struct SideCommands {
  SideCommands(ProcessTable& table, Slot slot) noexcept
      : stop(table, slot), reload(table, slot), probe(table, slot) {}

  SideCommand stop, reload, probe;

  [[nodiscard]] std::array<SideCommand*, 3> all() noexcept { return {&stop, &reload, &probe}; }
  /// The command whose process is `pid`; null if none.
  [[nodiscard]] SideCommand* with(pid_t pid) noexcept;
  /// The first whose launch is ordered; null if none.
  [[nodiscard]] SideCommand* first_ordered() noexcept;
  [[nodiscard]] bool gone() const noexcept { return stop.gone() && reload.gone() && probe.gone(); }
  /// The earlier deadline. stop_exec has none of its own: the stop timeout applies to it.
  [[nodiscard]] TimePoint deadline() const noexcept {
    return std::min(reload.deadline(), probe.deadline());
  }
};

}  // namespace zinit
