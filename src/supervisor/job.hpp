// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A job: the state of one service that is not in its record: its processes, and the thread that
// carries out its steps (job_scheduler.hpp). Guarded by the board's lock.
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
#include "state/journal.hpp"
#include "supervisor/check_round.hpp"
#include "supervisor/checked_process.hpp"
#include "supervisor/held_processes.hpp"
#include "supervisor/launch_kinds.hpp"
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
  TimePoint killed{};                   // when SIGKILL was first sent to the child
  bool hangs = false;                   // and the child was still there kSlowLaunch later

  [[nodiscard]] pid_t pid() const noexcept { return child ? child->load() : 0; }
};

/// Progress of the condition check of a service that is about to start.
enum class ConditionCheck : std::uint8_t {
  none,      // not checked yet
  runs,      // a check is under way; the record's process is `launching`
  outdated,  // likewise, but a reload has changed the conditions since
  held,      // all hold: launch, unless the situation has changed meanwhile
};

/// A signal sent to a process at a client's request.
struct AskedSignal {
  int signal = 0;
  std::string by;
  TimePoint at{};

  bool operator==(const AskedSignal&) const = default;
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
  SpawnPlaces::Ticket place;  // its permission to spawn, or its place in the queue
  bool has_thread = false;
  bool due = false;                // it is in BoardCore::due_
  bool watched = false;            // the janitor looks after it
  bool sees_group = false;         // the janitor looks at once whether only zombies are left
  bool rests = false;              // BoardCore::rests() after its last steps
  bool without_room = false;       // its last launch failed with EAGAIN: it gets no thread
  TimePoint until = kNever;        // its next deadline
  TimePoint clock_seen{};          // last JobScheduler::look_at_clock(), or start of a time limit
  TimePoint asleep_until{};        // its thread sleeps until then; the epoch: awake
  TimePoint thread_at{};           // when a job that still waits gets a thread
  const Row* to_launch = nullptr;  // the step whose launch its thread must do
  std::unique_ptr<LaunchUnderWay> launch;

  // --- its processes ---
  bool seeks_left = false;      // its thread must search for what `held` gets
  bool leaves_files = false;    // WatchPort::clean() is due
  bool limits_changed = false;  // [resources] changed; its thread applies them
  ConditionCheck condition_check = ConditionCheck::none;
  pid_t not_heard = 0;        // sent a READY=1 that was ignored; see WatchReports::not_heard()
  std::optional<uid_t> user;  // its last command ran as this user
  ServiceProcess process;
  ServiceCgroup cgroup;
  SideCommands side;
  HeldProcesses held;  // used only without a cgroup
  /// Nothing reports the end of a process group that has lost its leader and has no children of
  /// zinit. Only such a group is polled, at growing intervals.
  Backoff<10, 500> group_poll;
  OrDefault<AskedSignal> asked;      // the last one; SIGKILL stays
  OrDefault<std::string> killer;     // why its last process was killed
  OrDefault<std::string> ended_for;  // the fault of its own that ended it, or what a stop killed
  OrDefault<std::vector<std::string>> resource_faults;  // which [resources] have no effect
  OrDefault<std::vector<std::string>> runtime_dirs;     // created; removed when it rests
  OrDefault<std::vector<std::string>> to_remove;        // its thread removes these now
  OrDefault<std::vector<ConditionResult>> conditions;   // results at the last start
  SpecPtr condition_spec;  // the spec of the running command; null: none runs
  std::unique_ptr<ConditionResult> condition_result;  // until the rest of the command has gone
  TimePoint started{};                                // of the last process of pre_exec or exec
  TimePoint ended{};                                  // likewise
  CheckedProcessPtr checked;                          // the main process, if watched
  CheckedProcessPtr probed;             // the process that the side command `probe` checks
  SpecPtr replaced;                     // the old config of a process that must stop, after a new
                                        // one is in force
  ServiceReload reload;                 // gets the result of the side command `reload`
  std::unique_ptr<ServiceCheck> check;  // likewise for `check`; null: no request waits
  OrDefault<std::string> status_text;   // STATUS= of the main process
  ServiceTimes times;
  std::int64_t earlier_start_us = 0;  // of the process before the last one; 0: unknown

  /// Begins the time limit of a side command. Also notes the clock, because zinit may have slept
  /// until now, which is no suspension (JobScheduler::look_at_clock()).
  void begin_limit(SideCommand& command, TimePoint end) noexcept {
    clock_seen = Clock::now();
    command.limit(end);
  }
  void begin_limit(SideCommand& command, Milliseconds limit) noexcept {
    begin_limit(command, after(Clock::now(), limit));
  }

  /// Whether a change of [resources] waits to be applied, or is being applied.
  [[nodiscard]] bool awaits_limits() const noexcept {
    return limits_changed || (launch && launch->what == LaunchOrder::What::limit);
  }

  /// Whether it is unknown, at first or again, which processes the service has left.
  [[nodiscard]] bool awaits_left() const noexcept {
    return seeks_left || (launch && launch->what == LaunchOrder::What::left);
  }

  /// Orders that the next process image must give again: bits of Owed.
  [[nodiscard]] std::uint8_t owed() const noexcept {
    int bits = awaits_limits() ? kOwedLimits : 0;
    for (const SideCommand& each : side.all())
      bits |= each.ordered() ? kind_of(each.kind()).owed : 0;
    return static_cast<std::uint8_t>(bits);
  }

  /// Forgets the numbers of process groups that are gone: the kernel may give them to strangers.
  void forget_gone() noexcept {
    process.forget_gone();
    for (SideCommand& each : side.all()) each.group().forget_if_gone();
  }

  /// Whether there is work for its thread, which may block in a system call.
  [[nodiscard]] bool has_work() const noexcept {
    return to_launch != nullptr || !to_remove->empty() || leaves_files || limits_changed ||
           seeks_left || side.first_ordered() != nullptr;
  }
};

}  // namespace zinit
