// What belongs to the processes of one service, beside its record.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/time.hpp"
#include "model/decide.hpp"
#include "supervisor/board.hpp"
#include "supervisor/journal.hpp"

namespace zinit {

/// How a reload of one service ended. Guarded by the board's lock.
struct ServiceReloadState {
  bool done = false;
  std::string fault;  // empty: it went well
};

/// A command beside the main process: that of stop_exec, of reload_exec or of a probe, with a
/// session and group of its own. It belongs to the service: while any of it is left the service is
/// not gone.
struct Helper {
  bool ordered = false;  // its launch is under way
  bool late = false;     // killed for taking too long
  pid_t pid = 0;         // while it is not reaped
  pid_t group = 0;       // while anything of it may be left
  pid_t main_pid = 0;    // the main process that it was told of
  TimePoint deadline = kNever;
  ServiceReload reload;      // who waits for it
  CheckedProcessPtr probed;  // likewise, of a probe

  [[nodiscard]] bool busy() const { return ordered || pid != 0; }
  [[nodiscard]] bool gone() const { return !busy() && group == 0; }
};

/// What belongs to the process of a service. Guarded by the board's lock.
struct Job {
  Slot slot = kNoSlot;
  bool due = false;            // it is to be looked at: it stands in the queue of those
  Slot next_due = kNoSlot;     // behind it there
  bool retired = false;        // its service is gone
  Milliseconds group_poll{0};  // while a group lives on without its leader

  const Row* launch_row = nullptr;  // of the launch under way
  pid_t pid = 0;     // of the process (record.hpp) while it is not reaped
  pid_t leader = 0;  // the one that was spawned, likewise; the same but where another became main
  pid_t group = 0;   // of that one, while anything of it may be left
  // Of a main process that another was spawned as: its group where that is another, and whether it
  // is in none that zinit may signal.
  pid_t main_group = 0;
  bool main_apart = false;
  UniqueFd pidfd;
  // Its cgroup, by whether anything of the service may be left in it; and inotify's number while
  // its last process is waited for.
  bool cgroup = false;
  bool cgroup_made = false;        // the directory may exist
  bool escaped_signalled = false;  // those left outside of the group know of the stop
  int cgroup_watch = -1;
  // Processes that the kernel has killed for want of memory: how many are known of, and when the
  // last became known, as inotify tells of them while there is a main process.
  int memory_watch = -1;
  std::int64_t memory_kills = 0;
  TimePoint memory_kill_seen{};
  bool killed_on_request = false;            // by SIGKILL
  std::vector<std::string> resource_faults;  // what of [resources] has no effect
  TimePoint started{};                       // the process of pre_exec, or the main one
  TimePoint ended{};                         // likewise
  Helper stopper, reloader, prober;
  CheckedProcessPtr checked;              // the main process, where the service has checks
  std::string status_text;                // of the main process, by itself
  std::vector<std::string> runtime_dirs;  // made, and to be removed when the service rests
  JournalFacts facts;                     // pid and group are filled in when it is stored

  [[nodiscard]] std::array<Helper*, 3> helpers() { return {&stopper, &reloader, &prober}; }
  /// The one whose process `pid` is; null: none.
  [[nodiscard]] Helper* helper_with(pid_t its_pid) {
    for (Helper* helper : helpers())
      if (helper->pid == its_pid) return helper;
    return nullptr;
  }
  /// When one of them has taken too long.
  [[nodiscard]] TimePoint helper_deadline() const {
    return std::min(reloader.deadline, prober.deadline);
  }
};

}  // namespace zinit
