// Checks of main processes: which are watched, and what is found out about them.
#include <unistd.h>

#include "supervisor/core.hpp"

namespace zinit {

namespace {

/// Calls `change` with what belongs to `process`, if it is still a main process, and has the step
/// that follows taken where it says that it has changed something.
template <class Change>
void with_checked(BoardCore& core, const CheckedProcess& process, Change change) {
  BoardCore::Turn turn(core);
  turn.first = process.slot;
  if (core.checked_job(process) != nullptr && change(core.world)) core.touched({&process.slot, 1});
}

}  // namespace

Job* BoardCore::checked_job(const CheckedProcess& process) {
  if (process.stage() == CheckedProcess::Stage::ended || process.slot >= jobs.size())
    return nullptr;
  Job* const job = jobs[process.slot].get();
  return job != nullptr && job->checked.get() == &process ? job : nullptr;
}

bool BoardCore::begin_checks(Job& job, const CheckGearPtr& gear) noexcept {
  end_checks(job);
  job.status_text.clear();
  const SpecPtr& spec = world.node(job.slot).spec;
  if (!spec->watched()) return true;
  CheckedProcessPtr checked;
  try {
    checked = std::make_shared<CheckedProcess>(job.slot, spec, job.pid,
                                               job.cgroup ? cgroup_path(job) : "", gear);
    checked->set_running(world.record(job.slot).state == State::running);
    checks_.watch(checked);
    job.checked = std::move(checked);
    return true;
  } catch (const std::bad_alloc&) {
    // Who has it already shall not watch it for ever.
    if (checked) checked->set_stage(CheckedProcess::Stage::ended);
    checks_.changed();
    return false;
  }
}

void BoardCore::end_checks(Job& job) noexcept {
  if (!job.checked) return;
  job.checked->set_stage(CheckedProcess::Stage::ended);
  job.checked.reset();
  checks_.changed();
}

void BoardCore::change_checks(Job& job) noexcept {
  const Record& record = world.record(job.slot);
  // In the background it is known by what is watched, not by a pid.
  if (!job.checked && job.pid == 0) return;
  if (!checked_now(record) || record.state == State::stopping) return;
  const SpecPtr& spec = world.node(job.slot).spec;
  if (!job.checked) {
    if (begin_checks(job)) return;
    checks_put_off_ = true;
    wake_herald();
    return;
  }
  if (!spec->watched()) return end_checks(job);
  job.checked->set_spec(spec);
  checks_.changed();
}

void BoardCore::change_all_checks() {
  checks_put_off_ = false;
  for (const auto& job : jobs)
    if (job) change_checks(*job);
}

bool BoardCore::change_main(Job& job, pid_t pid, UniqueFd pidfd) {
  const Record& record = world.record(job.slot);
  if (!checked_now(record) || pid <= 1 || pid == ::getpid()) return false;
  if (pid == job.pid) return true;
  const auto known = by_pid_.find(pid);
  if (known != by_pid_.end() && (known->second != job.slot || pid != job.leader)) return false;
  by_pid_[pid] = job.slot;  // first: it may lack memory
  try {
    take_main_group(job, pid);
  } catch (const std::bad_alloc&) {
    if (pid != job.leader) by_pid_.erase(pid);
    throw;
  }
  if (job.pid != 0 && job.pid != job.leader) by_pid_.erase(job.pid);
  job.pid = pid;
  job.pidfd = std::move(pidfd);
  job.checked->set_main_pid(pid);
  checks_.changed();
  store(job.slot);
  say(LogLevel::info,
      fmt::format("{}: its main process is now pid {}", world.graph->name(job.slot), pid));
  return true;
}

/// `pid` is the main process, or is to be.
void BoardCore::take_main_group(Job& job, pid_t pid) {
  const auto group = process_group(pid);
  const bool apart = group && *group != job.group;
  // A group is the service's for as long as one in it is not reaped by zinit, who sees to that.
  const bool followed = apart && *group > 1 && is_own_child(pid) && *group != ::getpgrp() &&
                        !by_group_.contains(*group);
  if (followed) by_group_[*group] = job.slot;
  if (job.main_group != 0) by_group_.erase(std::exchange(job.main_group, 0));
  if (followed) job.main_group = *group;
  job.main_apart = apart && !followed;
}

void BoardCore::follow_main(Job& job) noexcept {
  if (job.pid == 0 || job.pid == job.leader) return;
  const auto group = process_group(job.pid);
  if (!group || *group == job.group || *group == job.main_group) return;
  forget_gone(job);
  // What it has left behind in the group that it was in is the service's all the same.
  if (job.main_apart || (job.main_group != 0 && group_exists(job.main_group))) {
    job.main_apart = true;
    return;
  }
  try {
    take_main_group(job, job.pid);
    store(job.slot);
  } catch (const std::exception&) {
    job.main_apart = true;  // it alone is signalled
  }
}

bool BoardCore::goes_to_background(const Job& job, const ProcessEnd& end) const {
  const Record& record = world.record(job.slot);
  return end == ProcessEnd{} && record.state == State::starting && checked_now(record) &&
         !record.notified && !world.spec(job.slot).readiness->pidfile.empty();
}

void BoardCore::went_to_background(Job& job, Left left) {
  const pid_t pid = std::exchange(job.pid, 0);
  by_pid_.erase(pid);
  if (job.leader == pid) job.leader = 0;
  job.pidfd.reset();
  if (job.checked) job.checked->set_main_pid(0);
  store(job.slot);
  if (left == Left::zombie) reap(pid);
  if (left == Left::nothing) forget_group({&job.leader, &job.group});
  if (job.cgroup) watch_cgroup(job);  // the last of it may go without a word
  checks_.changed();
  look_at_unit(job);
}

void BoardCore::leader_ended(Job& job, Left left) {
  const pid_t pid = std::exchange(job.leader, 0);
  by_pid_.erase(pid);
  store(job.slot);
  if (left == Left::zombie) reap(pid);
  if (left == Left::nothing) forget_group({&job.leader, &job.group});
  look_at_unit(job);
}

void BoardCore::give_up_main(Job& job) {
  drop_watch(job.memory_watch);
  end_checks(job);
  process_ended(world, job.slot, {}, true);
  job.ended = Clock::now();
  job.facts.last_stop_us = wall_us();
}

void BoardCore::unseen_end(Job& job, pid_t pid, const std::optional<ProcessEnd>& end) {
  if (job.pid != pid || is_own_child(pid)) return;  // then the reaper is told
  main_ended(job, end.value_or(ProcessEnd{}), Left::group);
  if (!end) {
    say(LogLevel::warn,
        fmt::format("{}: its main process {} has ended, and was no child of zinit's: nobody knows "
                    "how, so it counts as a good end",
                    world.graph->name(job.slot), pid));
  }
}

void BoardCore::tell_checks(Job& job, State to) noexcept {
  if (!job.checked) return;
  job.checked->set_running(to == State::running);
  if (to == State::stopping) job.checked->set_stage(CheckedProcess::Stage::stopping);
  checks_.changed();
}

void Board::passed(const CheckedProcess& process, CheckKind which) {
  with_checked(*core_, process,
               [&](World& world) { return check_passed(world, process.slot, which); });
}

void Board::probe_failed(const CheckedProcess& process, int attempts, std::string_view error) {
  with_checked(*core_, process, [&](World& world) {
    return zinit::probe_failed(world, process.slot, attempts, error);
  });
}

void Board::health_failed(const CheckedProcess& process, int attempts, std::string_view error) {
  with_checked(*core_, process, [&](World& world) {
    return zinit::probe_failed(world, process.slot, attempts, error) &&
           zinit::health_failed(world, process.slot);
  });
}

void Board::run_probe(const CheckedProcessPtr& process) {
  BoardCore& core = *core_;
  const BoardCore::Turn turn(core);
  core.run_probe(process);
}

void Board::watchdog_expired(const CheckedProcess& process) {
  with_checked(*core_, process,
               [&](World& world) { return zinit::watchdog_expired(world, process.slot); });
}

void Board::extend(const CheckedProcess& process, Milliseconds by) {
  with_checked(*core_, process, [&](World& world) {
    return extend_deadline(world, process.slot, by, Clock::now());
  });
}

bool Board::main_changed(const CheckedProcess& process, pid_t pid, UniqueFd pidfd) {
  BoardCore& core = *core_;
  const BoardCore::Turn turn(core);
  Job* const job = core.checked_job(process);
  return job != nullptr && core.change_main(*job, pid, std::move(pidfd));
}

void Board::main_gone(const CheckedProcess& process, pid_t pid,
                      const std::optional<ProcessEnd>& end) {
  BoardCore& core = *core_;
  const BoardCore::Turn turn(core);
  Job* const job = core.checked_job(process);
  if (job == nullptr) return;
  core.unseen_end(*job, pid, end);
}

void Board::status_text(const CheckedProcess& process, std::string text) {
  BoardCore& core = *core_;
  MutexLock lock(core.mutex);
  if (Job* const job = core.checked_job(process)) job->status_text = std::move(text);
}

}  // namespace zinit
