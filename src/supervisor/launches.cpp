// Launches, as jobs order them and as they end: of a service's commands one after the other, and
// the removal of what was made for them.
#include <algorithm>
#include <thread>

#include "model/predicates.hpp"
#include "supervisor/core.hpp"
#include "supervisor/messages.hpp"

namespace zinit {

namespace {

LaunchOrder::What what_of(LaunchedCommand::Kind kind) {
  switch (kind) {
    case LaunchedCommand::Kind::pre: return LaunchOrder::What::pre;
    case LaunchedCommand::Kind::post: return LaunchOrder::What::post;
    case LaunchedCommand::Kind::main: break;
  }
  return LaunchOrder::What::main;
}

/// What post_exec is told of the process before it: how it ended, or, where what follows on
/// pre_exec could not be executed, what a shell has for that.
std::string end_variable(const Record& record) {
  constexpr int cannot_execute = 127;
  if (record.reason.type == ReasonType::spawn_error)
    return fmt::format("EXIT_CODE={}", cannot_execute);
  if (record.passed) return "EXIT_CODE=0";
  if (record.end.by_signal) return "EXIT_SIGNAL=" + signal_name(record.end.value);
  return fmt::format("EXIT_CODE={}", record.end.value);
}

}  // namespace

void BoardCore::perform_launch(Job& job, const Row& row) {
  if (world.spec(job.slot).is_target()) return enter(job, row, {});
  // It is active from now on: nothing that conflicts may start meanwhile, and a stop waits for it.
  // What conflicts with it is no longer coming, and so may let others start.
  const LaunchedCommand command = begin_launch(world, job.slot, row, Clock::now());
  job.launch_row = &row;
  job.launch_ordered = Clock::now();
  if (const auto ordered = order_command(job, row, command); !ordered) {
    LaunchOutcome outcome;
    outcome.kind = LaunchOutcome::Kind::exhausted;
    enter(job, row, outcome);  // first: it takes no memory, and what is said does
    outcome.reason = {ReasonType::spawn_error, 0, ordered.error().text, {}};
    return say(LogLevel::warn, exhausted_line(world.spec(job.slot), outcome.reason));
  }
  if (row.act == Act::launch && !world.node(job.slot).conflicts.empty()) touched({&job.slot, 1});
}

Result<void> BoardCore::order_command(Job& job, const Row& row, const LaunchedCommand& command) {
  try {
    LaunchOrder order{world.graph->node(job.slot).spec, job.slot, what_of(command.kind),
                      command.index};
    order.first = row.act == Act::launch;
    if (order.what == LaunchOrder::What::post) order.extra = {end_variable(world.record(job.slot))};
    return launcher_.order(std::move(order));
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
}

std::uint64_t BoardCore::launch_begins() noexcept {
  MutexLock lock(mutex);
  launches_.push_back(next_launch_);
  return next_launch_++;
}

std::string BoardCore::owner_of(const std::vector<pid_t>& processes) {
  MutexLock lock(mutex);
  for (const pid_t each : processes) {
    for (const auto* map : {&by_pid_, &by_group_}) {
      if (const auto found = map->find(each); found != map->end())
        return world.graph->name(found->second);
    }
  }
  return {};
}

void BoardCore::launch_over(const LaunchOrder& order, std::uint64_t number,
                            Launch launch) noexcept {
  MutexLock lock(mutex);
  Job& job = *jobs[order.slot];  // of a service with a launch under way the job stays
  switch (order.what) {
    case LaunchOrder::What::main:
    case LaunchOrder::What::pre:
    case LaunchOrder::What::post: step_launched(job, order, number, std::move(launch)); break;
    case LaunchOrder::What::stop:
    case LaunchOrder::What::reload: break;
    case LaunchOrder::What::clean: world.record(order.slot).process = Process::none; break;
  }
  std::erase(launches_, number);
  try {
    const Telling telling(*this);
    if (order.what == LaunchOrder::What::stop || order.what == LaunchOrder::What::reload)
      helper_launched(job, order, number, std::move(launch));
    else if (order.what == LaunchOrder::What::clean)
      cleaned_up(order.slot);
    forget_unclaimed();
    advance(order.slot);  // done right here too, in the job's place: it waits
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
}

void BoardCore::step_launched(Job& job, const LaunchOrder& order, std::uint64_t number,
                              Launch launch) {
  const bool has_process = launch.outcome.kind == LaunchOutcome::Kind::started;
  note_directories(job, std::move(launch.runtime_dirs));
  note_cgroup(job, launch);
  if (has_process) note_process(job, order, std::move(launch.child));
  enter_or_wait(job, launch.outcome);
  try {
    const Telling telling(*this);
    tell_launch(order, launch.outcome);
    if (!has_process) return;
    if (const auto claimed = claim_end(job.pid, number))
      main_ended(job, claimed->end, claimed->left);
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
}

/// Those that another file asked for before a reload are still to be removed.
void BoardCore::note_directories(Job& job, std::vector<std::string> made) noexcept {
  try {
    for (std::string& name : made) {
      if (std::ranges::find(job.runtime_dirs, name) == job.runtime_dirs.end())
        job.runtime_dirs.push_back(std::move(name));
    }
  } catch (const std::bad_alloc&) {
    // Then they stay.
  }
}

void BoardCore::cleaned_up(Slot slot) {
  touched({&slot, 1});
  if (booting) note_boot();
  forget_removed(slot);
}

void BoardCore::remember(pid_t leader, Slot slot) {
  while (true) {
    try {
      by_pid_[leader] = slot;
      by_group_[leader] = slot;
      return;
    } catch (const std::bad_alloc&) {
      wait_for_memory();
    }
  }
}

void BoardCore::note_process(Job& job, const LaunchOrder& order, Child child) {
  remember(child.pid, order.slot);
  job.pid = job.group = child.pid;
  job.pidfd = std::move(child.pidfd);
  job.group_poll = {};
  if (order.what == LaunchOrder::What::post) return;
  job.started = Clock::now();
  job.facts.last_start_us = wall_us();
  // A oneshot that is started once more is kept up to its dependents like a re-spawn, and is none.
  const Record& record = world.record(order.slot);
  if (order.first && record.respawn && record.count > 0) ++job.facts.restart_count;
}

void BoardCore::enter_or_wait(Job& job, const LaunchOutcome& outcome) {
  while (true) {
    try {
      return enter(job, *job.launch_row, outcome);
    } catch (const std::bad_alloc&) {
      wait_for_memory();
    }
  }
}

void BoardCore::wait_for_memory() {
  mutex.unlock();
  std::this_thread::sleep_for(kMemoryRetry);
  mutex.lock();
}

/// What no change of state tells.
void BoardCore::tell_launch(const LaunchOrder& order, const LaunchOutcome& outcome) {
  const std::string& name = order.spec->name;
  if (outcome.kind == LaunchOutcome::Kind::exhausted) {
    say(LogLevel::warn, exhausted_line(*order.spec, outcome.reason));
  } else if (outcome.kind == LaunchOutcome::Kind::failed && order.what == LaunchOrder::What::post) {
    say(LogLevel::warn, fmt::format("{}: post_exec: {}", name, reason_text(outcome.reason)));
  } else if (outcome.kind == LaunchOutcome::Kind::started && !order.first &&
             order.what == LaunchOrder::What::main) {
    say(LogLevel::info, fmt::format("{}: pre_exec is done, pid {}", name, jobs[order.slot]->pid));
  }
}

/// Removes what lies in runtime_dir once nothing of the service is there. Until that is done it
/// counts as being launched: nobody starts it meanwhile, or takes it for down.
void BoardCore::clean_up(Job& job) {
  Record& record = world.record(job.slot);
  if (job.runtime_dirs.empty() || record.process != Process::none) return;
  LaunchOrder order{world.graph->node(job.slot).spec, job.slot, LaunchOrder::What::clean};
  order.directories = job.runtime_dirs;
  if (auto ordered = launcher_.order(std::move(order)); !ordered) {
    say(LogLevel::warn, fmt::format("{}: its runtime directories stay: {}",
                                    world.graph->name(job.slot), ordered.error().text));
    return;
  }
  job.runtime_dirs.clear();
  job.launch_ordered = Clock::now();
  record.process = Process::launching;
}

}  // namespace zinit
