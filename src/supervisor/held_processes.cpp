// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Processes left by a service without a cgroup. See held_processes.hpp.
#include "supervisor/held_processes.hpp"

#include <unistd.h>

#include <set>

#include "os/process.hpp"

namespace zinit {

HeldProcesses::~HeldProcesses() {
  for (const pid_t pid : pids_) table_.remove_pid(pid);
}

bool HeldProcesses::take(pid_t pid) {
  if (table_.of_pid(pid) != kNoSlot || !is_own_child(pid)) return false;
  pids_.push_back(pid);
  table_.add_pid(pid, slot_);
  return true;
}

bool HeldProcesses::ended(pid_t pid) noexcept {
  if (std::erase(pids_, pid) == 0) return false;
  table_.remove_pid(pid);
  return true;
}

// While zinit does not reap a child, the number of the child's group cannot be reused.
void HeldProcesses::signal(int signal, const std::vector<pid_t>& pids) const {
  std::set<pid_t> groups;
  for (const pid_t pid : pids) {
    const pid_t group = process_group(pid).value_or(0);
    const Slot owner = table_.of_group(group);
    const bool own = group > 1 && group != ::getpgrp() && (owner == kNoSlot || owner == slot_);
    if (own && !groups.insert(group).second) continue;
    // It may have ended. It is a zombie then, and a signal does nothing.
    static_cast<void>(own ? signal_group(group, signal) : signal_process(-1, pid, signal));
  }
}

}  // namespace zinit
