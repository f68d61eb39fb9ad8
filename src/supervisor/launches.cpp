// Launches, as jobs order them and as they end: of a service's commands one after the other, and
// the removal of what was made for them.
#include <algorithm>
#include <thread>

#include "model/predicates.hpp"
#include "os/directories.hpp"
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
    return order_launch(std::move(order));
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
}

Result<void> BoardCore::order_launch(LaunchOrder order) {
  auto ordered = launcher_.order(std::move(order));
  if (relieve_at_ == kNever) {
    relieve_at_ = after(Clock::now(), kSlowLaunch);
    deadlines_changed();
  }
  return ordered;
}

void BoardCore::launches_rest() noexcept {
  MutexLock lock(mutex);
  if (relieve_at_ == kNever || launcher_.at_work()) return;
  relieve_at_ = kNever;
  deadlines_changed();
}

std::string BoardCore::owner_of(const std::vector<pid_t>& processes) {
  MutexLock lock(mutex);
  for (const pid_t each : processes) {
    for (const auto* map : {&by_pid_, &by_group_}) {
      const auto found = map->find(each);
      if (found != map->end() && world.graph->used(found->second))
        return world.graph->name(found->second);
    }
  }
  return {};
}

void BoardCore::launch_over(const LaunchOrder& order, std::uint64_t number,
                            Launch launch) noexcept {
  const Turn turn(*this);
  Job& job = *jobs[order.slot];  // of a service with a launch under way the job stays
  switch (order.what) {
    case LaunchOrder::What::main:
    case LaunchOrder::What::pre:
    case LaunchOrder::What::post: step_launched(job, order, number, std::move(launch)); break;
    case LaunchOrder::What::stop:
    case LaunchOrder::What::reload:
    case LaunchOrder::What::probe: break;
    case LaunchOrder::What::clean: world.record(order.slot).process = Process::none; break;
  }
  try {
    const Telling telling(*this);
    if (runs_beside(order.what))
      helper_launched(job, order, number, std::move(launch));
    else if (order.what == LaunchOrder::What::clean)
      cleaned_up(order.slot);
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
  launcher_.recorded(number);
  forget_unclaimed();
  due(job);
}

void BoardCore::step_launched(Job& job, const LaunchOrder& order, std::uint64_t number,
                              Launch launch) {
  const bool has_process = launch.outcome.kind == LaunchOutcome::Kind::started;
  const pid_t pid = launch.child.pid;
  note_directories(job, std::move(launch.runtime_dirs));
  note_cgroup(job, launch);
  if (has_process) note_process(job, order, std::move(launch.child));
  enter_or_wait(job, launch.outcome);
  if (has_process && order.what == LaunchOrder::What::main)
    while (job.pid == pid && !begin_checks(job, launch.gear)) wait_for_memory();
  tell_launch(order, launch.outcome);
  if (!has_process) return;
  try {
    const Telling telling(*this);
    if (const auto claimed = claim_end(pid, number)) claimed_end(job, *claimed);
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
  forget_removed(slot);
  touched({&slot, 1});
  if (booting) note_boot();
}

void BoardCore::remember(pid_t leader, Slot slot) {
  while (true) {
    try {
      by_group_[leader] = slot;
      by_pid_[leader] = slot;
      return;
    } catch (const std::bad_alloc&) {
      by_group_.erase(leader);  // its end may come meanwhile, and is unclaimed then
      wait_for_memory();
    }
  }
}

void BoardCore::note_process(Job& job, const LaunchOrder& order, Child child) {
  remember(child.pid, order.slot);
  job.pid = job.leader = job.group = child.pid;
  job.main_apart = false;
  job.pidfd = std::move(child.pidfd);
  job.group_poll = {};
  job.killed_on_request = false;
  watch_memory(job);
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
  let_go();
  std::this_thread::sleep_for(kMemoryRetry);
  mutex.lock();
}

/// What no change of state tells.
void BoardCore::tell_launch(const LaunchOrder& order, const LaunchOutcome& outcome) noexcept try {
  const std::string& name = order.spec->name;
  if (outcome.kind == LaunchOutcome::Kind::exhausted) {
    say(LogLevel::warn, exhausted_line(*order.spec, outcome.reason));
  } else if (outcome.kind == LaunchOutcome::Kind::failed && order.what == LaunchOrder::What::post) {
    say(LogLevel::warn, fmt::format("{}: post_exec: {}", name, reason_text(outcome.reason)));
  } else if (outcome.kind == LaunchOutcome::Kind::started && !order.first &&
             order.what == LaunchOrder::What::main) {
    say(LogLevel::info, fmt::format("{}: pre_exec is done, pid {}", name, jobs[order.slot]->pid));
  }
} catch (const std::bad_alloc&) {
  // It is not told.
}

/// Leaves a runtime directory to another service that uses it, to be removed when that one rests.
/// @return  false where there is none
bool BoardCore::hand_on_directory(const Job& from, const std::string& name) noexcept {
  for (const auto& other : jobs) {
    if (!other || other.get() == &from || !uses_directory(*other, name)) continue;
    std::vector<std::string>& theirs = other->runtime_dirs;
    if (std::ranges::find(theirs, name) != theirs.end()) return true;
    try {
      // First, for the last are removed first, and this may be one above those.
      theirs.insert(theirs.begin(), name);
    } catch (const std::bad_alloc&) {
      // Then it stays.
    }
    return true;
  }
  return false;
}

bool BoardCore::uses_directory(const Job& job, const std::string& name) const noexcept {
  if (any_related(job.runtime_dirs, {&name, 1})) return true;
  // It may be making them just now. At rest it would be removing some.
  const Record& record = world.record(job.slot);
  if (record.process != Process::launching || at_rest(record.state)) return false;
  return any_related(world.spec(job.slot).directories->runtime, {&name, 1});
}

/// Removes what lies in runtime_dir once nothing of the service is there. Until that is done it
/// counts as being launched: nobody starts it meanwhile, or takes it for down.
void BoardCore::clean_up(Job& job) noexcept {
  try {
    order_removal(job);
  } catch (const std::bad_alloc&) {
    // Then they stay.
  }
}

void BoardCore::order_removal(Job& job) {
  Record& record = world.record(job.slot);
  if (job.runtime_dirs.empty() || record.process != Process::none) return;
  std::erase_if(job.runtime_dirs, [&](const std::string& name)
                                      REQUIRES(mutex) { return hand_on_directory(job, name); });
  if (job.runtime_dirs.empty()) return;
  LaunchOrder order{world.graph->node(job.slot).spec, job.slot, LaunchOrder::What::clean};
  order.directories = job.runtime_dirs;
  if (auto ordered = order_launch(std::move(order)); !ordered) {
    say(LogLevel::warn, fmt::format("{}: its runtime directories stay: {}",
                                    world.graph->name(job.slot), ordered.error().text));
    return;
  }
  job.runtime_dirs.clear();
  record.process = Process::launching;
}

}  // namespace zinit
