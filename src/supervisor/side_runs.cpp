// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Orders, launches, ends and results of side commands. See side_runs.hpp.
#include "supervisor/side_runs.hpp"

#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

/// The time until a stop_exec is tried again that had no process, memory or descriptor.
constexpr Milliseconds kNextTry{1000};

/// Whether over() handles its end.
bool has_result(SideKind kind) {
  return kind == SideKind::stop || kind == SideKind::reload || kind == SideKind::probe;
}

/// Why its end is a failure; empty: it is no failure.
std::string fault_of(const SideCommand& side, const ProcessEnd& end) {
  if (end == ProcessEnd{}) return {};
  return (side.kind() == SideKind::probe ? "its command " : "") + end_text(end);
}

/// Whether its launch was ordered and has not begun.
bool waits_for_launch(const Job& job, const SideCommand& side) {
  const bool under_way = job.launch && kind_of(job.launch->what).side == side.kind();
  return side.ordered() && !under_way;
}

}  // namespace

void SideRuns::end(Job& job, SideCommand& side) {
  if (!waits_for_launch(job, side)) return side.kill();
  side.dropped();
  if (side.kind() == SideKind::probe) return probe_over(job, Error{{}, EAGAIN});
  if (side.kind() == SideKind::check) return core_.rounds.cut_off(job);
  if (side.kind() == SideKind::ready) return ready_command_lost(core_.world, job.slot);
  const bool stops = core_.world.record(job.slot).state == State::stopping;
  over(job, side,
       stops ? "not run, because the service is being stopped"
             : "not run, because the main process has ended");
}

void SideRuns::main_ended(Job& job, pid_t pid) {
  for (SideCommand& side : job.side.all())
    if (side.kind() != SideKind::stop && side.main_pid() == pid && waits_for_launch(job, side))
      end(job, side);
}

/// Whether it is the stop_exec of a done oneshot, for which no signal can stand in, and has time.
bool SideRuns::is_owed_to_oneshot(const Job& job, const SideCommand& side) const {
  const Record& record = core_.world.record(job.slot);
  return side.kind() == SideKind::stop && record.done && record.stage == StopStage::signalled;
}

void SideRuns::launched(Job& job, const LaunchOrder& order, const Launch& launch,
                        const LaunchUnderWay::EarlyEnd* early) {
  SideCommand& side = job.side.of(*kind_of(order.what).side);
  const bool probes = side.kind() == SideKind::probe;
  if (launch.outcome.kind == LaunchOutcome::Kind::started) {
    side.launched(launch.child.pid);
    // A oneshot that is done and has left nothing had no process in its cgroup until now.
    if (launch.cgroup && !job.cgroup.in_use()) job.cgroup.launched(true, launch.memory_kills);
    if (early != nullptr) return ended(job, side, early->end, early->remains);
    started(job, side, order);
  } else if (const bool short_now = launch.outcome.kind == LaunchOutcome::Kind::exhausted;
             short_now && is_owed_to_oneshot(job, side)) {
    side.postpone(after(Clock::now(), kNextTry));
    core_.warn_of(job, fmt::format("stop_exec: {}; next try in {}", launch.outcome.reason.text,
                                   duration_text(kNextTry.count())));
  } else {
    side.dropped();
    if (side.kind() == SideKind::ready)
      ready_command_unspawned(core_.world, job.slot, launch.outcome, Clock::now());
    else if (probes && short_now)
      probe_over(job, Error{launch.outcome.reason.text, EAGAIN});
    else if (side.kind() != SideKind::reload || !side.late())  // look_at() has reported a late one
      over(job, side, launch.outcome.reason.text);
  }
  // A probe changes nothing for other services, and probes are frequent.
  if (!core_.ends.look_at(job) && !probes) core_.tell_neighbours({&job.slot, 1});
}

void SideRuns::started(Job& job, SideCommand& side, const LaunchOrder& order) {
  if (side.kind() == SideKind::check) return core_.rounds.started(job, order);
  job.clock_seen = Clock::now();  // its time limit begins
  const bool stops = side.kind() == SideKind::stop;
  if (side.kind() == SideKind::reload && !side.late()) limit_reload(job);
  // The time limit of a probe begins at the end of its launch.
  if (job.probed && side.kind() == SideKind::probe)
    job.begin_limit(side, core_.world.spec(job.slot).health->timeout);
  const Record& record = core_.world.record(job.slot);
  const bool stopping = record.state == State::stopping;
  const bool too_late = stops && record.stage == StopStage::killed;
  const bool main_gone = !stops && job.process.pid() != side.main_pid();
  if (stopping == stops && !too_late && !main_gone && !side.late()) return;
  // A reload_exec, ready_exec or probe is killed if its main process is gone or is being stopped, a
  // stop_exec if the stop is over, and any of them if its deadline passed during its launch. The
  // end of the main process does not end a stop_exec, which may have caused it and may finish.
  if (side.kind() == SideKind::probe) probe_over(job, Error{{}, EAGAIN});
  side.kill();
}

void SideRuns::ended(Job& job, SideCommand& side, const ProcessEnd& end, Remains remains) {
  const bool probes = side.kind() == SideKind::probe;
  // Kills the rest of its group too, unless the group is empty: its number may have been reused.
  if (remains != Remains::nothing) side.kill();
  const pid_t pid = side.pid();
  side.ended(remains);
  if (side.kind() == SideKind::ready) ready_command_ended(core_.world, job.slot, end);
  // What the end leads to comes first: after a crash in between, the next process image finds the
  // zombie, and handles its end again. look_at() has reported a command that was late.
  job.forget_gone();
  if (has_result(side.kind()) && !side.late()) over(job, side, fault_of(side, end));
  core_.store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  job.forget_gone();
  if (side.kind() == SideKind::condition) return core_.conditions.ended(job, end);
  if (side.kind() == SideKind::check) {
    core_.rounds.ended(job, end);
    core_.ends.look_at(job);
    return;
  }
  if (!core_.ends.look_at(job) && !probes) core_.tell_neighbours({&job.slot, 1});
}

/// A side command has ended, or could not be started. The stop signal replaces a failed stop_exec.
void SideRuns::over(Job& job, SideCommand& side, const std::string& fault) {
  side.limit(kNever);
  if (side.kind() == SideKind::probe) return probe_over(job, Error{fault});
  if (side.kind() == SideKind::check) return core_.rounds.over(job, fault);
  const bool stops = side.kind() == SideKind::stop;
  if (!stops && job.reload) {
    job.reload->done = true;
    job.reload->fault = fault;
    job.reload.reset();
    core_.changes.changed();
  }
  const Record& record = core_.world.record(job.slot);
  const bool held = stops && record.done;
  const bool there = held || job.process.pid() != 0 || job.process.group_left();
  const bool to_be_asked = stops && record.state == State::stopping && there &&
                           record.stage != StopStage::killed && !record.command.post;
  if (to_be_asked && (held || !fault.empty())) core_.stops.ask_to_end(job);
  if (fault.empty()) {
    if (!stops) core_.say(LogLevel::info, fmt::format("{}: reloaded", job.name));
    return;
  }
  // A stop_exec that outlives the main process is killed, which is no failure.
  const bool ended_it = stops && !held && job.process.pid() == 0;
  const std::string text =
      fmt::format("{}: {}{}", kind_of(side.kind()).name, fault,
                  to_be_asked && !held ? "; its stop signal is sent instead" : "");
  if (ended_it) return core_.say(LogLevel::debug, fmt::format("{}: {}", job.name, text));
  core_.warn_of(job, text);
}

void SideRuns::look_at(Job& job) {
  if (job.side.all().empty()) return;
  const TimePoint now = Clock::now();
  if (job.side.reload().kill_if_late(now)) reload_late(job);
  if (job.side.condition().kill_if_late(now)) core_.conditions.late(job);
  if (job.side.check().kill_if_late(now)) core_.rounds.late(job);
  if (!job.side.probe().kill_if_late(now) || !job.probed) return;
  // Report the result without waiting for the command's end: it may hang in its launch, or where
  // SIGKILL does not reach it.
  if (!job.side.probe().ordered()) {
    return probe_over(job, Error{fmt::format("its command took longer than {} ms",
                                             core_.world.spec(job.slot).health->timeout.count())});
  }
  // A probe that waits for a place to spawn says nothing about its service's health.
  core_.say(
      LogLevel::warn,
      fmt::format("{}: its health check is delayed, because its command cannot be launched yet: "
                  "other launches take long",
                  job.name));
  probe_over(job, Error{{}, EAGAIN});
}

void SideRuns::order_reload(Job& job) {
  SideCommand& reload = job.side.reload();
  reload.order(job.process.pid());
  limit_reload(job);
}

void SideRuns::limit_reload(Job& job) {
  job.begin_limit(job.side.reload(), core_.world.spec(job.slot).lifecycle.start_timeout);
}

/// Reports the result without waiting for the command's end, like that of a probe.
void SideRuns::reload_late(Job& job) {
  SideCommand& reload = job.side.reload();
  if (!waits_for_launch(job, reload)) return over(job, reload, "took too long");
  reload.dropped();
  over(job, reload, "could not be launched in time, because other launches take long");
}

void SideRuns::order_probe(const CheckedProcessPtr& process) {
  Job* const job = core_.mains.job_of(*process);
  if (job == nullptr || process->stage() != CheckedProcess::Stage::alive) return;
  job->forget_gone();
  SideCommand& probe = job->side.probe();
  // Without a main process there is nothing to check, and no value for MAINPID.
  if (probe.ordered() || job->process.pid() == 0) {
    process->set_probe_result(Error{{}, EAGAIN});
    return core_.watchers.changed();
  }
  if (!probe.gone()) {
    process->set_probe_result(Error{"its previous command was killed and has not ended"});
    return core_.watchers.changed();
  }
  job->probed = process;
  probe.order(job->process.pid());
  job->begin_limit(probe, core_.world.spec(job->slot).health->timeout);
  core_.make_due(*job);
}

void SideRuns::probe_over(Job& job, Error fault) {
  job.side.probe().limit(kNever);
  const CheckedProcessPtr probed = std::exchange(job.probed, nullptr);
  if (!probed) return;
  probed->set_probe_result(std::move(fault));
  core_.watchers.changed();
}

}  // namespace zinit
