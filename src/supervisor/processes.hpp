// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of processes: which service a pid or a process group belongs to, and which pids and
// groups each service has.
//
// A pid or group may be signalled only while its owner is known. The kernel does not reuse the
// number of a group while the group has a member, zombies included. So a group belongs to the
// service until its leader is reaped, and longer while at each look a member was left. If zinit has
// reaped the leader and a process with that number exists, the process is a stranger, and its group
// may be one too.
//
// Threads: no locking of its own; the board's lock guards all of it. Processes are reaped and
// signalled under the same lock, so that no number is signalled after it has become free.
#pragma once

#include <sys/types.h>

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "model/graph.hpp"

namespace zinit {

/// Pids and groups of all services.
class ProcessTable {
 public:
  void add_pid(pid_t pid, Slot slot) { pids_[pid] = slot; }
  void add_group(pid_t group, Slot slot) { groups_[group] = slot; }
  void remove_pid(pid_t pid) noexcept { pids_.erase(pid); }
  void remove_group(pid_t group) noexcept { groups_.erase(group); }

  /// Owner of a process that zinit has spawned or taken as a main process; kNoSlot: none.
  [[nodiscard]] Slot of_pid(pid_t pid) const noexcept { return found(pids_, pid); }
  /// All pids that have an owner, sorted.
  [[nodiscard]] std::vector<pid_t> pids() const;
  [[nodiscard]] Slot of_group(pid_t group) const noexcept { return found(groups_, group); }

  /// Owner of the first of these pids or groups that has one; kNoSlot: none has.
  [[nodiscard]] Slot owner_of(const std::vector<pid_t>& numbers) const noexcept;

 private:
  using Slots = std::unordered_map<pid_t, Slot>;
  [[nodiscard]] static Slot found(const Slots& slots, pid_t number) noexcept {
    const auto at = slots.find(number);
    return at == slots.end() ? kNoSlot : at->second;
  }
  Slots pids_, groups_;
};

/// What is left of a process and its group when its end is seen.
enum class Remains : std::uint8_t {
  zombie,   // not reaped: its pid and group cannot be reused
  group,    // reaped; its group had members at that moment
  nothing,  // reaped, and its group was empty
};

/// A process that zinit has spawned as the leader of a group, and the rest of that group.
class SpawnedGroup {
 public:
  SpawnedGroup(ProcessTable& table, Slot slot) noexcept : table_(table), slot_(slot) {}
  ~SpawnedGroup();
  SpawnedGroup& operator=(SpawnedGroup&&) = delete;

  /// 0: reaped.
  [[nodiscard]] pid_t leader() const noexcept { return leader_; }
  /// 0: the group is gone, or its number may have been reused.
  [[nodiscard]] pid_t number() const noexcept { return number_; }
  [[nodiscard]] bool gone() const noexcept { return leader_ == 0 && number_ == 0; }

  void spawned(pid_t pid);
  /// In place of spawned(), for a group whose leader was reaped already.
  void adopt_without_leader(pid_t number);

  /// The leader has ended. If it is still a zombie, the caller must reap it next, which frees its
  /// pid.
  void leader_ended(Remains remains) noexcept;
  /// Forgets the group's number, so that it is not signalled any more.
  void forget() noexcept;
  /// Forgets the group if its leader is reaped and no member is left, or a stranger has its number.
  void forget_if_gone() noexcept;
  /// Forgets the group if its leader is reaped and the sorted `alive` does not contain it.
  void forget_all_but(const std::vector<pid_t>& alive) noexcept;

  /// Signals every member; an empty group is no error. (kill(2))
  [[nodiscard]] Result<void> signal(int signal) const;

 private:
  ProcessTable& table_;
  const Slot slot_;
  pid_t leader_ = 0;
  pid_t number_ = 0;
};

/// The process of one service: the running command of pre_exec or post_exec, or the main process.
///
/// The main process need not be the spawned one: a daemon that goes to the background names another
/// process, which may be in another group. That group is signalled only if the named process is
/// zinit's child: then only zinit can reap it, so the group's number cannot be reused unnoticed.
/// Otherwise the main process is signalled alone.
class ServiceProcess {
 public:
  ServiceProcess(ProcessTable& table, Slot slot) noexcept
      : table_(table), slot_(slot), spawned_(table, slot) {}
  ~ServiceProcess();
  ServiceProcess& operator=(ServiceProcess&&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }  // 0: none, or unknown
  [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
  [[nodiscard]] const SpawnedGroup& spawned() const noexcept { return spawned_; }
  /// The group of the main process, if it is not the spawned one and may be signalled; else 0.
  [[nodiscard]] pid_t main_group() const noexcept { return main_group_; }
  /// Whether a group is known, which may have members.
  [[nodiscard]] bool group_left() const noexcept {
    return spawned_.number() != 0 || main_group_ != 0;
  }

  void started(pid_t pid, UniqueFd pidfd);
  /// Restores the values from before a re-execution; `leader` 0: it was reaped.
  void restore(pid_t pid, pid_t leader, pid_t group, pid_t main_group);
  void restore_group(pid_t group);

  /// Makes `pid` the main process. @return  false if it belongs to another service
  bool take_main(pid_t pid, UniqueFd pidfd);
  /// Updates main_group(). Call it before the group is used: a main process that zinit did not
  /// spawn may change its group later, as a daemon does whose parent writes its pid before it calls
  /// setsid(2). @return  whether main_group() may have changed
  bool follow_main();

  /// The process pid() has ended, and pid() becomes 0. If it was the leader, the rule of
  /// SpawnedGroup::leader_ended() applies. @return  the old pid()
  pid_t ended(Remains remains) noexcept;
  /// See SpawnedGroup::forget().
  void forget_spawned_group() noexcept { spawned_.forget(); }
  /// Forgets all groups, so that their remaining members are not signalled any more.
  void forget_groups() noexcept {
    spawned_.forget();
    forget_main_group();
  }
  /// The leader of the spawned group, which is not the main process, has ended.
  void leader_ended(Remains remains) noexcept { spawned_.leader_ended(remains); }

  void forget_gone() noexcept;
  /// Like SpawnedGroup::forget_all_but(), for the spawned group and the main process's group.
  void forget_all_but(const std::vector<pid_t>& alive) noexcept;

  /// Signals both groups, and a main process that is in neither.
  /// @return  the first error of a group other than ESRCH
  [[nodiscard]] Result<void> signal(int signal) const;
  /// Signals the group of the main process; if the group is unknown, only the main process.
  [[nodiscard]] Result<void> signal_main_group(int signal) const;
  [[nodiscard]] Result<void> signal_main(int signal) const;

 private:
  void take_group_of(pid_t pid);
  void forget_main_group() noexcept;

  ProcessTable& table_;
  const Slot slot_;
  SpawnedGroup spawned_;
  pid_t pid_ = 0;
  UniqueFd pidfd_;
  pid_t main_group_ = 0;
  bool apart_ = false;  // the main process is in no group that zinit may signal
};

}  // namespace zinit
