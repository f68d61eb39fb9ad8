// A job: the state of one service that is not in its record, namely that of its processes and of
// the thread that carries out its steps (job_threads.cpp). Guarded by the board's lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.hpp"
#include "base/mutex.hpp"
#include "base/or_default.hpp"
#include "base/time.hpp"
#include "model/decide.hpp"
#include "supervisor/check_round.hpp"
#include "supervisor/checked_process.hpp"
#include "supervisor/held_processes.hpp"
#include "supervisor/journal.hpp"
#include "supervisor/launch.hpp"
#include "supervisor/processes.hpp"
#include "supervisor/service_cgroup.hpp"
#include "supervisor/service_reload.hpp"
#include "supervisor/side_commands.hpp"
#include "supervisor/spawn_places.hpp"

namespace zinit {

/// A launch that the job's thread, or the janitor, is carrying out without the board's lock.
struct LaunchUnderWay {
  LaunchOrder::What what;
  TimePoint since;
  std::shared_ptr<std::atomic<pid_t>> child{};  // its pid, 0 before clone(2); null: not announced
  /// The end of the child, if it was reaped before the launch was over.
  struct EarlyEnd {
    pid_t pid;
    ProcessEnd end;
    Remains remains;
  };
  std::optional<EarlyEnd> early_end{};
  std::atomic<pid_t>* noted = nullptr;  // its place in the journal

  [[nodiscard]] pid_t pid() const noexcept { return child ? child->load() : 0; }
};

/// How far the conditions of a service are that is about to start.
enum class ConditionCheck : std::uint8_t {
  none,      // not looked at yet
  runs,      // they are being looked at; the record's process is `launching`
  outdated,  // likewise, and a reload has changed them since
  held,      // they hold: it is launched unless its situation has changed meanwhile
};

/// A signal that a client has had sent to a process.
struct AskedSignal {
  int signal = 0;
  std::string by;
  TimePoint at{};
};

struct Job {
  Job(ProcessTable& table, CgroupWatches& watches, Slot its_slot, std::string its_name)
      : slot(its_slot),
        name(std::move(its_name)),
        place(slot),
        process(table, slot),
        cgroup(watches, slot, name),
        side(table, slot),
        held(table, slot) {}

  const Slot slot;
  const std::string name;  // of the service

  // --- its thread ---
  CondVar wake;
  bool has_thread = false;
  SpawnPlaces::Ticket place;       // whether it may spawn now, or is queued for that
  bool due = false;                // it is in BoardCore::due_: its steps are due
  bool watched = false;            // the janitor looks after it
  bool rests = false;              // BoardCore::rests() after its last steps
  bool without_room = false;       // its last launch failed with EAGAIN: it gets no thread
  TimePoint until = kNever;        // its next deadline
  TimePoint clock_seen{};          // by look_at_clock(), or when a time limit began
  TimePoint asleep_until{};        // until when its thread sleeps; the epoch: it does not
  TimePoint thread_at{};           // when it gets a thread, if it still waits then
  const Row* to_launch = nullptr;  // the step whose launch is left to its thread
  std::unique_ptr<LaunchUnderWay> launch;

  // --- its processes ---
  ServiceProcess process;
  ServiceCgroup cgroup;
  SideCommands side;
  HeldProcesses held;       // empty where the service has a cgroup
  bool seeks_left = false;  // its thread is to look for them
  /// If a process group outlives its leader and its members are not zinit's children, nothing
  /// reports its end. Only then it is polled, at growing intervals.
  Backoff<10, 500> group_poll;
  AskedSignal asked;                                    // the last one, but SIGKILL stays
  OrDefault<std::string> killer;                        // why its last process was killed
  OrDefault<std::vector<std::string>> resource_faults;  // what of [resources] has no effect
  OrDefault<std::vector<std::string>> runtime_dirs;     // made, to be removed when it rests
  OrDefault<std::vector<std::string>> to_remove;        // those that its thread removes now
  bool leaves_files = false;                            // WatchPort::clean() is ordered
  std::optional<uid_t> user;                            // that its last command was run as
  OrDefault<std::vector<ConditionResult>> conditions;   // as they stood at the last start
  ConditionCheck condition_check = ConditionCheck::none;
  SpecPtr condition_spec;  // as it was when its command was launched; null: none runs
  std::unique_ptr<ConditionResult> condition_result;  // while what is left of the command goes
  bool limits_changed = false;          // [resources] has changed; its thread applies it
  TimePoint started{};                  // of the last process of pre_exec or exec
  TimePoint ended{};                    // likewise
  CheckedProcessPtr checked;            // the main process, if it is watched
  CheckedProcessPtr probed;             // the process that the side command `probe` checks
  SpecPtr replaced;                     // the config of what is to stop, if a new one is in force
  ServiceReload reload;                 // gets the result of the side command `reload`
  std::unique_ptr<ServiceCheck> check;  // likewise of `check`; null: nobody waits for it
  pid_t not_heard = 0;                  // said READY=1 and may not; see WatchReports::not_heard()
  OrDefault<std::string> status_text;   // what the main process says of itself
  ServiceTimes times;

  /// Whether a change of [resources] waits to be applied, or is being applied.
  [[nodiscard]] bool awaits_limits() const noexcept {
    return limits_changed || (launch && launch->what == LaunchOrder::What::limit);
  }

  /// Whether it is not known yet, or not any more, which processes the service has left.
  [[nodiscard]] bool awaits_left() const noexcept {
    return seeks_left || (launch && launch->what == LaunchOrder::What::left);
  }

  /// What the next image would have to order again: bits of Owed.
  [[nodiscard]] std::uint8_t owed() noexcept {
    int bits = awaits_limits() ? kOwedLimits : 0;
    if (!side.all().empty()) {
      bits |= side.stop().ordered() ? kOwedStop : 0;
      bits |= side.reload().ordered() ? kOwedReload : 0;
    }
    return static_cast<std::uint8_t>(bits);
  }

  /// Whether there is work for its thread, which may block in a system call.
  [[nodiscard]] bool has_work() const noexcept {
    return to_launch != nullptr || !to_remove->empty() || leaves_files || limits_changed ||
           seeks_left || side.first_ordered() != nullptr;
  }
};

}  // namespace zinit
