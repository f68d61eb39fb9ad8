// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What is reported to the board: ends of children, changes in cgroups, and what the watchers of
// main processes have found.
#include <poll.h>
#include <unistd.h>

#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"

namespace zinit {

std::vector<pid_t> Board::perhaps_ended() const {
  MutexLock lock(mutex());
  std::vector<pid_t> found, held;
  std::vector<pollfd> pidfds;
  const auto add = [&](pid_t pid, int pidfd) {
    if (pid == 0) return;
    if (pidfd < 0) return found.push_back(pid);
    held.push_back(pid);
    pidfds.push_back({pidfd, POLLIN, 0});
  };
  for (const auto& job : jobs) {
    if (!job) continue;
    const pid_t main = job->process.pid(), leader = job->process.spawned().leader();
    add(main, job->process.pidfd());
    if (leader != main) add(leader, -1);
    for (const SideCommand& side : job->side.all()) add(side.pid(), -1);
  }
  const bool asked = ::poll(pidfds.data(), pidfds.size(), 0) >= 0;
  for (std::size_t i = 0; i < held.size(); ++i)
    if (!asked || pidfds[i].revents != 0) found.push_back(held[i]);
  return found;
}

void Board::child_ended(pid_t pid, const ProcessEnd& end) {
  const Change change(*this);
  ends.child_ended(pid, end);
}

void Board::cgroups_changed() {
  const Change change(*this);
  for (const auto& [slot, watch] : cgroups.read()) {
    if (!jobs[slot]) continue;
    if (jobs[slot]->cgroup.is_memory_watch(watch))
      ends.look_at_memory(*jobs[slot]);
    else
      ends.look_at(*jobs[slot]);
  }
}

/// Calls `work` if `process` is still a main process. If `work` returns true, a record has
/// changed, and the steps that follow are taken.
template <class Work>
void Board::if_checked(const CheckedProcess& process, Work work) {
  const Change change(*this);
  const Job* const job = mains.job_of(process);
  if (job == nullptr) return;
  const std::string fault = *world.record(process.slot).health_error;
  const bool counts = work();
  if (fault != *world.record(process.slot).health_error) keep_words(*job);
  if (counts) tell_neighbours({&process.slot, 1});
}

void Board::passed(const CheckedProcess& process, CheckKind which) {
  if_checked(process,
             [&]() REQUIRES(board_lock) { return check_passed(world, process.slot, which); });
}

void Board::probe_failed(const CheckedProcess& process, int attempts, std::string_view error) {
  if_checked(process, [&]() REQUIRES(board_lock) {
    return zinit::probe_failed(world, process.slot, attempts, error);
  });
}

void Board::health_failed(const CheckedProcess& process, int attempts, std::string_view error) {
  if_checked(process, [&]() REQUIRES(board_lock) {
    return zinit::probe_failed(world, process.slot, attempts, error) &&
           zinit::health_failed(world, process.slot);
  });
}

void Board::watchdog_expired(const CheckedProcess& process) {
  if_checked(process,
             [&]() REQUIRES(board_lock) { return zinit::watchdog_expired(world, process.slot); });
}

void Board::extend(const CheckedProcess& process, Milliseconds by) {
  if_checked(process, [&]() REQUIRES(board_lock) {
    return extend_deadline(world, process.slot, by, Clock::now());
  });
}

bool Board::main_changed(const CheckedProcess& process, pid_t pid, UniqueFd pidfd) {
  const Change change(*this);
  Job* const watched = mains.job_of(process);
  if (watched == nullptr) return false;
  Job& job = *watched;
  if (!checked_now(world.record(job.slot)) || pid <= 1 || pid == ::getpid()) return false;
  if (pid == job.process.pid()) return true;
  const pid_t before = job.process.pid();
  if (!job.process.take_main(pid, std::move(pidfd))) return false;
  for (SideCommand& side : job.side.all()) side.follow_main(before, pid);
  job.checked->set_main_pid(pid);
  watchers.changed();
  store(job.slot);
  say(LogLevel::info, fmt::format("{}: its main process is now pid {}", job.name, pid));
  return true;
}

void Board::main_gone(const CheckedProcess& process, pid_t pid,
                      const std::optional<ProcessEnd>& end) {
  const Change change(*this);
  Job* const job = mains.job_of(process);
  // The reaper reports own children.
  if (job == nullptr || job->process.pid() != pid || is_own_child(pid)) return;
  ends.main_ended(*job, end.value_or(ProcessEnd{}), Remains::group);
  // As a zombie it is in its group until its parent, which may be slow, has reaped it.
  if (job->process.group_left()) {
    job->sees_group = true;
    janitor.see_groups();
  }
  if (!end) {
    say(LogLevel::warn, fmt::format("{}: its main process {} has ended; it was no child of "
                                    "zinit's, so its exit status is unknown and counts as success",
                                    job->name, pid));
  }
}

void Board::no_successor(const CheckedProcess& process) {
  const Change change(*this);
  Job* const job = mains.job_of(process);
  if (job == nullptr) return;
  const Record& record = world.record(job->slot);
  if (job->process.pid() == 0 && checked_now(record) && record.notified)
    ends.main_ended(*job, record.end, Remains::group);
}

void Board::not_heard(const CheckedProcess& process, pid_t pid) {
  MutexLock lock(mutex());
  if (Job* const job = mains.job_of(process)) job->not_heard = pid;
}

void Board::status_text(const CheckedProcess& process, std::string text) {
  MutexLock lock(mutex());
  if (Job* const job = mains.job_of(process)) job->status_text = std::move(text);
}

void Board::run_probe(const CheckedProcessPtr& process) {
  const Change change(*this);
  sides.order_probe(process);
}

}  // namespace zinit
