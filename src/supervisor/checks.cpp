// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Checks of main processes: which processes are watched, and what the watchers report.
#include <unistd.h>

#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"

namespace zinit {

namespace {

/// How long the pidfile may take to name the next main process if the last one ended well and the
/// service has other processes. gunicorn's next master looks once a second whether its parent has
/// gone, and takes over the pidfile only then.
constexpr Milliseconds kForSuccessor{3000};

}  // namespace

Job* BoardCore::checked_job(const CheckedProcess& process) {
  if (process.stage() == CheckedProcess::Stage::ended || process.slot >= jobs.size())
    return nullptr;
  Job* const job = jobs[process.slot].get();
  return job != nullptr && job->checked.get() == &process ? job : nullptr;
}

/// Only the watchers see the end of a main process that zinit has not spawned.
bool BoardCore::needs_checks(const Job& job) const {
  return world.spec(job.slot).watched() || job.process.pid() != job.process.spawned().leader();
}

void BoardCore::begin_checks(Job& job, const SpawnExtrasPtr& extras) {
  end_checks(job);
  job.status_text.reset();
  job.not_heard = 0;
  const SpecPtr& spec = world.node(job.slot).spec;
  if (!needs_checks(job)) return;
  const Record& record = world.record(job.slot);
  job.forget_gone();  // the record of the previous image may name a group that a stranger has by now
  job.checked = std::make_shared<CheckedProcess>(
      job.slot, spec, job.process.pid(), job.process.spawned().number(),
      job.cgroup.in_use() ? job.cgroup.path() : "", extras, record.health_attempts, record.healthy);
  job.checked->set_running(record.state == State::running);
  if (job.process.pid() == 0 && record.notified) ask_for_successor(job);
  watchers.watch(job.checked);
}

void BoardCore::end_checks(Job& job) {
  if (!job.checked) return;
  job.checked->set_stage(CheckedProcess::Stage::ended);
  job.checked.reset();
  watchers.changed();
}

void BoardCore::change_checks(Job& job) {
  Record& record = world.record(job.slot);
  // The pid of a daemon in the background is unknown; job.checked shows that it exists.
  if (!job.checked && job.process.pid() == 0) return;
  if (!checked_now(record) || record.state == State::stopping) return;
  const SpecPtr& spec = world.node(job.slot).spec;
  if (!job.checked) {
    record.health_attempts = 0;  // of an earlier [health]
    return begin_checks(job);
  }
  if (!needs_checks(job)) return end_checks(job);
  job.checked->set_spec(spec);
  watchers.changed();
}

void BoardCore::follow_main(Job& job) {
  if (job.process.follow_main()) store(job.slot);
}

bool BoardCore::goes_to_background(const Job& job, const ProcessEnd& end) const {
  const Record& record = world.record(job.slot);
  return end == ProcessEnd{} && record.state == State::starting && checked_now(record) &&
         !record.notified && !world.spec(job.slot).readiness->pidfile.empty();
}

void BoardCore::went_to_background(Job& job, Remains remains) {
  const pid_t pid = job.process.ended(remains);
  if (job.checked) job.checked->set_main_pid(0);
  store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  if (world.record(job.slot).notified) ask_for_successor(job);
  job.cgroup.watch_end();  // nothing else reports the end of its last process
  watchers.changed();
  look_at_unit(job);
}

bool BoardCore::may_be_followed(const Job& job) const {
  const Record& record = world.record(job.slot);
  return job.checked && job.process.pid() != 0 && checked_now(record) && record.notified &&
         record.state == State::running && !world.spec(job.slot).readiness->pidfile.empty();
}

void BoardCore::seek_successor(Job& job, const ProcessEnd& end, Remains remains) {
  Record& record = world.record(job.slot);
  record.end = end;
  record.has_end = true;
  record.end_step = CommandKind::main;
  went_to_background(job, remains);
}

void BoardCore::ask_for_successor(Job& job) {
  job.forget_gone();
  const bool others = job.process.group_left() || job.cgroup.populated();
  const bool may_come = world.record(job.slot).end == ProcessEnd{} && others;
  const TimePoint now = Clock::now();
  job.checked->seek_successor(may_come ? after(now, kForSuccessor) : now);
}

void BoardCore::give_up_main(Job& job) {
  const Record& record = world.record(job.slot);
  job.cgroup.stop_watching_memory();
  end_checks(job);
  process_ended(world, job.slot, record.notified ? record.end : ProcessEnd{}, true);
  seek_left(job);
  note_end(job, {}, {});
}

/// Calls `work` if `process` is still a main process. If `work` returns true, a record has
/// changed, and the steps that follow are taken.
template <class Work>
void Board::if_checked(const CheckedProcess& process, Work work) {
  const Change change(*this);
  const Job* const job = checked_job(process);
  if (job == nullptr) return;
  const std::string fault = *world.record(process.slot).health_error;
  const bool counts = work();
  if (fault != *world.record(process.slot).health_error) keep_words(*job);
  if (counts) tell_neighbours({&process.slot, 1});
}

void Board::run_probe(const CheckedProcessPtr& process) {
  const Change change(*this);
  sides.order_probe(process);
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
  Job* const watched = checked_job(process);
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
  Job* const job = checked_job(process);
  // The reaper reports own children.
  if (job == nullptr || job->process.pid() != pid || is_own_child(pid)) return;
  main_ended(*job, end.value_or(ProcessEnd{}), Remains::group);
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
  Job* const job = checked_job(process);
  if (job == nullptr) return;
  const Record& record = world.record(job->slot);
  if (job->process.pid() == 0 && checked_now(record) && record.notified)
    main_ended(*job, record.end, Remains::group);
}

void Board::not_heard(const CheckedProcess& process, pid_t pid) {
  MutexLock lock(mutex());
  if (Job* const job = checked_job(process)) job->not_heard = pid;
}

void BoardCore::tell_not_heard(Slot slot, WhyReport& report) const {
  const pid_t pid = jobs[slot]->not_heard;
  const Record& record = world.record(slot);
  const bool was_late = record.reason.type == ReasonType::start_timeout &&
                        (record.state == State::failed || record.state == State::blocked);
  if (pid == 0 || (record.state != State::starting && !was_late)) return;
  report.add("readiness",
             fmt::format("READY=1 of process {}, which is not its main process, is ignored; write "
                         "notify_access = \"all\" in [readiness], or exec before the program",
                         pid));
}

void Board::status_text(const CheckedProcess& process, std::string text) {
  MutexLock lock(mutex());
  if (Job* const job = checked_job(process)) job->status_text = std::move(text);
}

}  // namespace zinit
