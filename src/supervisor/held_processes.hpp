// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes that a service without a cgroup has left: adopted children of zinit that are in its
// group or whose environment names it (os/membership.hpp). A launch searches for them without the
// board's lock when the main process has ended, and again when one of them has ended, because zinit
// then adopts its children. A successful oneshot holds them. For any other service they must end,
// and members of its process group are left out: they are signalled and awaited as a group.
//
// If the service does not run as root, no process of another user is taken, nor its environment
// read. Only children of zinit are signalled: their numbers are not reused before zinit reaps them.
//
// Threads: no locking of its own; the board's lock guards all of it.
#pragma once

#include <vector>

#include "supervisor/processes.hpp"

namespace zinit {

class HeldProcesses {
 public:
  HeldProcesses(ProcessTable& table, Slot slot) noexcept : table_(table), slot_(slot) {}
  ~HeldProcesses();
  HeldProcesses& operator=(HeldProcesses&&) = delete;

  [[nodiscard]] const std::vector<pid_t>& pids() const noexcept { return pids_; }
  [[nodiscard]] bool empty() const noexcept { return pids_.empty(); }

  /// Takes a child of zinit, unless it already belongs to a service or was reaped meanwhile.
  /// @return  whether it was taken
  bool take(pid_t pid);
  /// `pid` has ended and is reaped next. @return  false if it is not held
  bool ended(pid_t pid) noexcept;
  /// Signals each held process, or each of `pids`, with its process group, each group once. A group
  /// of another service or of zinit is left out: only the process is signalled.
  void signal(int signal) const { this->signal(signal, pids_); }
  void signal(int signal, const std::vector<pid_t>& pids) const;

 private:
  ProcessTable& table_;
  const Slot slot_;
  std::vector<pid_t> pids_;
};

}  // namespace zinit
