// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The stages of a launch. See launches.hpp.
//
// A launch is work for a service that may block in a system call (LaunchOrder::What lists all
// kinds), so it is done without the lock, by the job's thread or the janitor. A job has one launch
// at a time. carry_out() takes it through these stages:
//
//   1. With the lock: next_order() fills a LaunchOrder. Side commands and clean-up come first. For
//      a step of the decision table, begin_step() sets the record's process to `launching`:
//      decide() then waits for the result, and the service counts as active.
//   2. The journal reserves a cell, where the kernel will store the pid of the child.
//   3. Without the lock: Launcher::carry_out() (launch.cpp). If it takes long, the janitor handles
//      the job's deadlines, and kills a child whose launch is no longer wanted.
//   4. With the lock: over() gives back the place to spawn, and passes the result to the
//      function for its kind. step_launched() notes the process, enters the new state and begins
//      the checks of a main process.
//   5. The journal frees the cell, because the result is stored now.
//
// A child may end before stage 4. The reaper's thread then leaves an EarlyEnd (ends.cpp), which is
// handled directly after the result. A stop or reload that comes meanwhile only changes the record;
// over() makes the job due, so that it decides again.
#include "supervisor/launches.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "base/kill_point.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "model/predicates.hpp"
#include "os/directories.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

// Places for crash tests, before each kind of order (base/kill_point.hpp). By LaunchOrder::What.
constexpr std::array kBeforeOrders = {
    "order.main",  "order.pre",   "order.post",      "order.stop", "order.reload", "order.probe",
    "order.clean", "order.limit", "order.condition", "order.left", "order.ready",  "order.check"};

LaunchOrder::What what_of(CommandKind kind) {
  switch (kind) {
    case CommandKind::pre_exec: return LaunchOrder::What::pre;
    case CommandKind::post_exec: return LaunchOrder::What::post;
    case CommandKind::main:
    case CommandKind::ready_exec: break;
  }
  return LaunchOrder::What::main;
}

/// The variable that reports the previous process's end to post_exec: 127, as in a shell, if the
/// command after pre_exec could not be executed.
std::string end_variable(const Record& record) {
  constexpr int cannot_execute = 127;
  const bool of_ready = record.reason.step == CommandKind::ready_exec;
  if (record.reason.type == ReasonType::spawn_error && !of_ready)
    return fmt::format("EXIT_CODE={}", cannot_execute);
  if (record.command.passed) return "EXIT_CODE=0";
  if (record.end.by_signal) return "EXIT_SIGNAL=" + signal_name(record.end.value);
  return fmt::format("EXIT_CODE={}", record.end.value);
}

}  // namespace

Launches::Launches(BoardCore& core, SpawnDefaults defaults)
    : core_(core),
      launcher_(std::move(defaults), core.output, core.watchers,
                [&core](const std::vector<pid_t>& numbers) { return core.owner_of(numbers); }) {}

void Launches::carry_out(Job& job) {
  job.without_room = false;
  LaunchOrder order = next_order(job);
  kill_point(kBeforeOrders[static_cast<std::size_t>(order.what)]);
  if (core_.journal)
    order.noted = core_.journal->begin_launch(job.slot, static_cast<std::uint8_t>(order.what));
  kill_point("launch.noted");
  Launch launch = execute(job, order);
  kill_point("launch.done");
  std::erase(launching_, job.slot);
  over(job, order, std::move(launch));
  kill_point("launch.recorded");
  if (core_.journal) core_.journal->end_launch(order.noted);
}

LaunchOrder Launches::next_order(Job& job) {
  LaunchOrder order{core_.world.graph->node(job.slot).spec, job.slot};
  order.may_wait = job.has_thread;  // never the janitor: the order it would wait for may need the
                                    // janitor
  if (const SideCommand* const side = job.side.first_ordered()) {
    order.what = kind_of(side->kind()).what;
    if (order.what == LaunchOrder::What::stop) order.spec = core_.stops.spec_of(job);
    if (order.what == LaunchOrder::What::ready)
      order.index = core_.world.record(job.slot).ready_begun - 1;
    if (order.what == LaunchOrder::What::check && job.check) {
      order.spec = job.check->one().spec;
      order.tail = job.check->one().tail;
    }
    // The main process may have ended since a stop ordered its stop_exec.
    if (side->main_pid() != 0 && side->main_pid() == job.process.pid())
      order.extra = {fmt::format("MAINPID={}", side->main_pid())};
    if (order.what == LaunchOrder::What::reload && job.checked && job.checked->extras) {
      for (const std::string& entry : job.checked->extras->environment)
        if (entry.starts_with("NOTIFY_SOCKET=")) order.extra.push_back(entry);
    }
  } else if (!job.to_remove->empty() || job.leaves_files) {
    order.what = LaunchOrder::What::clean;
    job.leaves_files = false;
    order.directories = job.to_remove.take();
  } else if (std::exchange(job.limits_changed, false)) {
    order.what = LaunchOrder::What::limit;
  } else if (std::exchange(job.seeks_left, false)) {
    order.what = LaunchOrder::What::left;
    order.group = job.process.spawned().number();
    order.known = core_.processes.pids();
    order.user = job.user;
  } else {
    begin_step(job, order);
  }
  return order;
}

Launch Launches::execute(Job& job, const LaunchOrder& order) {
  job.launch = std::make_unique<LaunchUnderWay>(LaunchUnderWay{order.what, Clock::now()});
  job.launch->noted = order.noted;
  launching_.push_back(job.slot);
  core_.scheduler.launch_begins(job);
  core_.let_go();
  Launch launch = launcher_.carry_out(order, [&](const std::shared_ptr<std::atomic<pid_t>>& child) {
    MutexLock lock(core_.mutex());
    job.launch->child = child;
  });
  core_.mutex().lock();
  core_.scheduler.launch_returned(job);
  return launch;
}

/// Whether the process of the present launch would be killed right after the launch.
bool Launches::is_unwanted(Job& job) {
  const Record& record = core_.world.record(job.slot);
  const bool stopping = record.state == State::stopping;
  const auto pointless = [&](const SideCommand& side) {
    return stopping || side.late() || job.process.pid() != side.main_pid();
  };
  switch (job.launch->what) {
    case LaunchOrder::What::main:
    case LaunchOrder::What::pre:
      if (record.wish == Wish::down || record.stop_owed) return true;
      [[fallthrough]];
    case LaunchOrder::What::post: return Clock::now() >= record.deadline;
    case LaunchOrder::What::stop: return !stopping || record.stage == StopStage::killed;
    case LaunchOrder::What::reload: return pointless(job.side.reload());
    case LaunchOrder::What::ready: return pointless(job.side.ready());
    case LaunchOrder::What::probe: return pointless(job.side.probe());
    case LaunchOrder::What::check:
      return job.side.check().late() || !job.check || core_.rounds.is_cut_off(job);
    case LaunchOrder::What::condition: return !core_.conditions.still_to_start(job);
    case LaunchOrder::What::clean:
    case LaunchOrder::What::left:
    case LaunchOrder::What::limit: break;  // no process
  }
  return false;
}

/// SIGKILL does not end a child that waits in the kernel for a file system that does not answer.
/// Nothing can end this launch then, so the service stays where it is until the child is gone.
void Launches::help(Job& job) {
  LaunchUnderWay& launch = *job.launch;
  if (!help_child(launch.pid(), is_unwanted(job))) return;
  const TimePoint now = Clock::now();
  if (launch.killed == TimePoint{}) launch.killed = now;
  if (now < after(launch.killed, kSlowLaunch) || std::exchange(launch.hangs, true)) return;
  core_.say(LogLevel::error, fmt::format("{}: {}", job.name, hanging(launch)));
}

std::string Launches::hanging(const LaunchUnderWay& launch) {
  return fmt::format(
      "its launch hangs: SIGKILL does not end process {}, which waits in the kernel, "
      "probably for a file system or device that does not answer",
      launch.pid());
}

void Launches::tell_hangs(Slot slot, WhyReport& report) const {
  const Job& job = *core_.jobs[slot];
  if (!job.launch || !job.launch->hangs) return;
  std::erase_if(report.reasons, [](const WhyReason& one) { return one.kind == "pending"; });
  report.reasons.insert(report.reasons.begin(), {"launch", report.name, report.state,
                                                 hanging(*job.launch), report.name, 0});
}

LaunchUnderWay* Launches::of(pid_t child) {
  for (const Slot slot : launching_)
    if (core_.jobs[slot]->launch->pid() == child) return core_.jobs[slot]->launch.get();
  return nullptr;
}

pid_t Launches::main_of(const Job& job) const {
  if (!job.launch || job.launch->what != LaunchOrder::What::main) return 0;
  if (job.launch->early_end) return job.launch->early_end->pid;
  const pid_t pid = job.launch->pid();
  const auto stat = read_process_stat(pid);
  return stat && stat->ppid == ::getpid() && stat->executed ? pid : 0;
}

/// From now on the service is active: no conflicting service may start, and a stop waits for the
/// launch. Services that were held back by a conflicting one may now start.
void Launches::begin_step(Job& job, LaunchOrder& order) {
  order.row = std::exchange(job.to_launch, nullptr);
  const bool asks = core_.conditions.awaited(job, *order.row);
  job.condition_check = asks ? ConditionCheck::runs : ConditionCheck::none;
  begin_launch(core_.world, job.slot, *order.row, Clock::now());
  job.clock_seen = Clock::now();  // the time limit of post_exec begins
  job.until = std::min(job.until, core_.world.record(job.slot).deadline);
  const CurrentCommand& command = core_.world.record(job.slot).command;
  order.what = asks ? LaunchOrder::What::condition : what_of(command.kind());
  order.index = command.index;
  order.first = order.row->act == Act::launch && !asks;
  if (order.what == LaunchOrder::What::post)
    order.extra = {end_variable(core_.world.record(job.slot))};
  core_.store(job.slot);
  if ((order.first || asks) && !core_.world.node(job.slot).conflicts.empty())
    core_.tell_neighbours({&job.slot, 1});
}

void Launches::over(Job& job, const LaunchOrder& order, Launch launch) {
  const auto ended = std::exchange(job.launch, nullptr)->early_end;
  // The next job in the queue gets the place; the result may queue this job again.
  core_.scheduler.give_back(job);
  // With a pids_max of its own, the service may have met its own limit: EAGAIN then says nothing
  // about processes in general.
  if (launch.errnum == EAGAIN && !order.spec->resources->pids_max) {
    core_.scheduler.processes_are_short();
    job.without_room = true;
  }
  const EarlyEnd* const early = ended && ended->pid == launch.child.pid ? &*ended : nullptr;
  if (order.what == LaunchOrder::What::clean)
    removal_over(job);
  else if (order.what == LaunchOrder::What::limit)
    limits_over(job, std::move(launch.resource_faults));
  else if (order.what == LaunchOrder::What::left)
    left_found(job, launch.left);
  else if (order.what == LaunchOrder::What::condition)
    core_.conditions.launched(job, order, launch, early);
  else if (runs_beside(order.what))
    core_.sides.launched(job, order, launch, early);
  else
    step_launched(job, order, launch, early);
  core_.forget_removed(job.slot);
  core_.make_due(job);
}

void Launches::step_launched(Job& job, const LaunchOrder& order, Launch& launch,
                             const EarlyEnd* early) {
  const bool started = launch.outcome.kind == LaunchOutcome::Kind::started;
  note(job, launch);
  if (started) note_process(job, order, std::move(launch.child));
  core_.enter(job, *order.row, launch.outcome);
  // A reload during the launch found no cgroup to which it could apply the change.
  if (started && order.spec->resources != core_.world.spec(job.slot).resources) order_limits(job);
  if (started && order.what == LaunchOrder::What::main) core_.mains.begin(job, launch.extras);
  tell(order, launch.outcome);
  if (early != nullptr) core_.ends.of_launch(job, *early);
}

void Launches::note(Job& job, Launch& launch) {
  add_runtime_dirs(job, launch.runtime_dirs);
  note_resource_faults(job, std::move(launch.resource_faults));
  if (launch.user) job.user = launch.user;
  if (!launch.cgroup) return;
  job.cgroup.launched(launch.outcome.kind == LaunchOutcome::Kind::started, launch.memory_kills);
}

/// A stop that began meanwhile has not reached the processes found now. If a service that is no
/// oneshot has ended by itself, the processes it left are killed.
void Launches::left_found(Job& job, const std::vector<pid_t>& left) {
  const Record& record = core_.world.record(job.slot);
  const bool of_done = record.process == Process::held || record.done;
  std::vector<pid_t> added;
  for (const pid_t pid : left) {
    const Slot owner = core_.processes.of_group(process_group(pid).value_or(0));
    if (!of_done && owner == job.slot) continue;  // signalled, and awaited, with its group
    if (job.held.take(pid)) added.push_back(pid);
  }
  if (of_done) job.process.forget_groups();  // `held` has its members that zinit may signal
  const bool has_time = of_done || record.state == State::stopping;
  if (!has_time || record.stage == StopStage::killed) {
    job.held.signal(SIGKILL, added);
  } else if (record.stage == StopStage::signalled && (!of_done || job.side.gone())) {
    // Processes that a done oneshot holds get the stop signal after its stop_exec.
    job.held.signal(core_.stops.spec_of(job)->lifecycle.stop_signal, added);
    job.held.signal(SIGCONT, added);
  }
  if (!has_time && !added.empty()) core_.ends.tell_left_behind(job);
  core_.ends.look_at(job);
}

void Launches::order_limits(Job& job) {
  job.limits_changed = job.cgroup.in_use();
  if (job.limits_changed) core_.store(job.slot);
  core_.make_due(job);
}

/// A client may be waiting for the change.
void Launches::limits_over(Job& job, std::vector<std::string> faults) {
  note_resource_faults(job, std::move(faults));
  core_.store(job.slot);
  core_.changes.changed();
}

/// Logs faults when they change, not at each spawn. The status shows them while they last.
void Launches::note_resource_faults(Job& job, std::vector<std::string> faults) {
  if (job.resource_faults == faults) return;
  job.resource_faults = std::move(faults);
  for (const std::string& fault : *job.resource_faults)
    core_.say(LogLevel::warn, fmt::format("{}: {}", job.name, fault));
}

void Launches::note_process(Job& job, const LaunchOrder& order, Child child) {
  job.process.started(child.pid, std::move(child.pidfd));
  job.group_poll.reset();
  job.asked.reset();
  job.cgroup.watch_memory();
  if (order.what == LaunchOrder::What::post) return;
  job.started = Clock::now();
  if (order.first) job.earlier_start_us = job.times.last_start_us;
  job.times.last_start_us = wall_us();
  if (order.first && respawns(core_.world.record(order.slot))) ++job.times.restart_count;
}

/// Logs launches that no change of state reports.
void Launches::tell(const LaunchOrder& order, const LaunchOutcome& outcome) {
  const std::string& name = order.spec->name;
  if (outcome.kind == LaunchOutcome::Kind::exhausted) {
    tell_exhausted(order.slot, outcome.reason);
  } else if (outcome.kind == LaunchOutcome::Kind::failed && order.what == LaunchOrder::What::post) {
    core_.warn_of(*core_.jobs[order.slot], "post_exec: " + reason_text(outcome.reason));
  } else if (outcome.kind == LaunchOutcome::Kind::started && !order.first &&
             order.what == LaunchOrder::What::main) {
    core_.say(LogLevel::info, fmt::format("{}: pre_exec is done; main process started, pid {}",
                                          name, core_.jobs[order.slot]->process.pid()));
  }
}

void Launches::tell_exhausted(Slot slot, const Reason& reason) {
  const Record& record = core_.world.record(slot);
  const TimePoint now = Clock::now();
  if (now >= record.deadline || (!record.command.post && record.wish == Wish::down)) return;
  core_.say(LogLevel::warn,
            fmt::format("{}: {}; next try in {}", core_.world.graph->name(slot), reason.text,
                        duration_text(ms_between(now, record.delay_until))));
}

// --- runtime directories ---

void Launches::add_runtime_dirs(Job& job, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (!contains(*job.runtime_dirs, name)) job.runtime_dirs.edit().push_back(name);
  if (!names.empty()) keep_runtime_dirs(job);
}

/// Stores the runtime directories for the next process image.
void Launches::keep_runtime_dirs(const Job& job) {
  core_.keep(SlotFact::runtime_dirs, job.slot, join(*job.runtime_dirs, "\n"));
}

/// Hands a runtime directory over to another service that uses it, which removes it when at rest.
/// @return  false if no other service uses it
bool Launches::hand_on_directory(const Job& from, const std::string& name) {
  for (const auto& other : core_.jobs) {
    if (!other || other.get() == &from || !uses_directory(*other, name)) continue;
    std::vector<std::string>& theirs = other->runtime_dirs.edit();
    // At the front, because the last one is removed first and this one may contain the others.
    if (!contains(theirs, name)) theirs.insert(theirs.begin(), name);
    keep_runtime_dirs(*other);
    return true;
  }
  return false;
}

bool Launches::uses_directory(const Job& job, const std::string& name) const {
  if (any_related(*job.runtime_dirs, {&name, 1})) return true;
  // A launch may be making its directories just now. At rest, `launching` means a removal instead.
  const Record& record = core_.world.record(job.slot);
  if (record.process != Process::launching || at_rest(record.state)) return false;
  return any_related(core_.world.spec(job.slot).directories->runtime, {&name, 1});
}

void Launches::order_removal(Job& job) {
  Record& record = core_.world.record(job.slot);
  if (record.process != Process::none) return;
  job.leaves_files = core_.watchers.leaves_files(job.slot);
  if (job.runtime_dirs->empty() && !job.leaves_files) return;
  std::vector<std::string> directories = job.runtime_dirs.take();
  std::erase_if(directories, [&](const std::string& name)
                                 REQUIRES(board_lock) { return hand_on_directory(job, name); });
  if (directories.empty() && !job.leaves_files) return keep_runtime_dirs(job);
  launcher_.announce_removal(directories);
  job.to_remove = std::move(directories);
  record.process = Process::launching;
  core_.make_due(job);
}

void Launches::removal_over(Job& job) {
  keep_runtime_dirs(job);
  core_.world.record(job.slot).process = Process::none;
  core_.tell_neighbours({&job.slot, 1});
  core_.note_boot();
}

}  // namespace zinit
