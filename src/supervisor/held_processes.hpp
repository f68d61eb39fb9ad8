// Processes that a service without a cgroup has left: children of zinit, which has adopted them,
// that are in its group or whose environment names it (os/membership.hpp). They are looked for
// without the board's lock when its main process has ended, and again when one of them has: its own
// children are zinit's then. A oneshot that has succeeded holds them; those of others are to end,
// and none is among them that is in the service's group, which is signalled and awaited as such.
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
  HeldProcesses(const HeldProcesses&) = delete;
  HeldProcesses& operator=(const HeldProcesses&) = delete;

  [[nodiscard]] const std::vector<pid_t>& pids() const noexcept { return pids_; }
  [[nodiscard]] bool empty() const noexcept { return pids_.empty(); }

  /// Takes a child of zinit, unless it belongs to a service already or has been reaped meanwhile.
  /// @return  whether it is taken
  bool take(pid_t pid);
  /// `pid` has ended and is reaped next. @return  false if it is none of these
  bool ended(pid_t pid) noexcept;
  /// Signals each, or those of `pids`, with its process group, if that is no other service's and
  /// not zinit's own; each group once.
  void signal(int signal) const { this->signal(signal, pids_); }
  void signal(int signal, const std::vector<pid_t>& pids) const;

 private:
  ProcessTable& table_;
  const Slot slot_;
  std::vector<pid_t> pids_;
};

}  // namespace zinit
