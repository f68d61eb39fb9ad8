// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The watching of main processes, and their successors. See main_checks.hpp.
#include "supervisor/main_checks.hpp"

#include <unistd.h>

#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

/// How long the pidfile may take to name the next main process if the last one ended well and the
/// service has other processes. gunicorn's next master looks once a second whether its parent has
/// gone, and takes over the pidfile only then.
constexpr Milliseconds kForSuccessor{3000};

}  // namespace

Job* MainChecks::job_of(const CheckedProcess& process) {
  if (process.stage() == CheckedProcess::Stage::ended || process.slot >= core_.jobs.size())
    return nullptr;
  Job* const job = core_.jobs[process.slot].get();
  return job != nullptr && job->checked.get() == &process ? job : nullptr;
}

/// Only the watchers see the end of a main process that zinit has not spawned.
bool MainChecks::needed(const Job& job) const {
  return core_.world.spec(job.slot).watched() ||
         job.process.pid() != job.process.spawned().leader();
}

void MainChecks::begin(Job& job, const SpawnExtrasPtr& extras) {
  end(job);
  job.status_text.reset();
  job.not_heard = 0;
  const SpecPtr& spec = core_.world.node(job.slot).spec;
  if (!needed(job)) return;
  const Record& record = core_.world.record(job.slot);
  job.forget_gone();  // the previous image's record may name a group that a stranger has by now
  job.checked = std::make_shared<CheckedProcess>(
      job.slot, spec, job.process.pid(), job.process.spawned().number(),
      job.cgroup.in_use() ? job.cgroup.name() : "", extras, record.health_attempts, record.healthy);
  job.checked->set_running(record.state == State::running);
  if (job.process.pid() == 0 && record.notified) ask_for_successor(job);
  core_.watchers.watch(job.checked);
}

void MainChecks::end(Job& job) {
  if (!job.checked) return;
  job.checked->set_stage(CheckedProcess::Stage::ended);
  job.checked.reset();
  core_.watchers.changed();
}

void MainChecks::change(Job& job) {
  Record& record = core_.world.record(job.slot);
  // The pid of a daemon in the background is unknown; job.checked shows that it exists.
  if (!job.checked && job.process.pid() == 0) return;
  if (!checked_now(record) || record.state == State::stopping) return;
  const SpecPtr& spec = core_.world.node(job.slot).spec;
  if (!job.checked) {
    record.health_attempts = 0;  // of an earlier [health]
    return begin(job);
  }
  if (!needed(job)) return end(job);
  job.checked->set_spec(spec);
  core_.watchers.changed();
}

bool MainChecks::goes_to_background(const Job& job, const ProcessEnd& end) const {
  const Record& record = core_.world.record(job.slot);
  return end == ProcessEnd{} && record.state == State::starting && checked_now(record) &&
         !record.notified && !core_.world.spec(job.slot).readiness->pidfile.empty();
}

void MainChecks::went_to_background(Job& job, Remains remains) {
  const pid_t pid = job.process.ended(remains);
  core_.sides.main_ended(job, pid);
  if (job.checked) job.checked->set_main_pid(0);
  core_.store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  if (core_.world.record(job.slot).notified) ask_for_successor(job);
  job.cgroup.watch_end();  // nothing else reports the end of its last process
  core_.watchers.changed();
  core_.ends.look_at(job);
}

bool MainChecks::may_be_followed(const Job& job) const {
  const Record& record = core_.world.record(job.slot);
  return job.checked && job.process.pid() != 0 && checked_now(record) && record.notified &&
         record.state == State::running && !core_.world.spec(job.slot).readiness->pidfile.empty();
}

void MainChecks::seek_successor(Job& job, const ProcessEnd& end, Remains remains) {
  Record& record = core_.world.record(job.slot);
  record.end = end;
  record.has_end = true;
  record.end_step = CommandKind::main;
  went_to_background(job, remains);
}

void MainChecks::ask_for_successor(Job& job) {
  job.forget_gone();
  const bool others = job.process.group_left() || job.cgroup.populated();
  const bool may_come = core_.world.record(job.slot).end == ProcessEnd{} && others;
  const TimePoint now = Clock::now();
  job.checked->seek_successor(may_come ? after(now, kForSuccessor) : now);
}

void MainChecks::give_up_main(Job& job) {
  const Record& record = core_.world.record(job.slot);
  job.cgroup.stop_watching_memory();
  end(job);
  process_ended(core_.world, job.slot, record.notified ? record.end : ProcessEnd{}, true);
  core_.ends.seek_left(job);
  core_.ends.note(job, {}, {});
}

void MainChecks::tell(Slot slot, WhyReport& report) const {
  const pid_t pid = core_.jobs[slot]->not_heard;
  const Record& record = core_.world.record(slot);
  const bool was_late = record.reason.type == ReasonType::start_timeout &&
                        (record.state == State::failed || record.state == State::blocked);
  if (pid == 0 || (record.state != State::starting && !was_late)) return;
  report.add("readiness",
             fmt::format("READY=1 of process {}, which is not its main process, is ignored; write "
                         "notify_access = \"all\" in [readiness], or exec before the program",
                         pid));
}

}  // namespace zinit
