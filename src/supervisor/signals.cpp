// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Signals to a service's processes, and the commands that run beside its main process: stop_exec in
// place of the stop signal, reload_exec for a reload of this one service, ready_exec once the
// service is ready, and exec of [health]. check_rounds.cpp handles the result of check_exec.
#include <csignal>

#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/board.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

namespace {

/// The time until a stop_exec is tried again that had no process, memory or descriptor.
constexpr Milliseconds kNextTry{1000};

}  // namespace

/// The config that says how to stop the service: the one it was started with. Time limits,
/// post_exec, and after a re-execution everything come from the config in force.
const SpecPtr& BoardCore::spec_to_stop(const Job& job) const {
  return job.replaced ? job.replaced : world.node(job.slot).spec;
}

void BoardCore::signal_job(Job& job, int signal) {
  follow_main(job);
  forget_gone(job);
  const auto say_error = [&](const Result<void>& sent) REQUIRES(board_lock) {
    // A pre_exec may have ended just now: what is gone needs no signal.
    if (!sent && sent.error().errnum != ESRCH)
      say(LogLevel::error, fmt::format("{}: {}", job.name, sent.error().text));
  };
  if (spec_to_stop(job)->spares_rest()) {
    if (job.process.pid() != 0) say_error(job.process.signal_main(signal));
    return;
  }
  if (signal == SIGKILL)
    kill_cgroup(job);
  else if (!job.process.group_left() && job.process.pid() == 0)
    signal_escaped(job);
  job.held.signal(signal);
  say_error(job.process.signal(signal));
}

void BoardCore::kill_cgroup(Job& job) {
  if (const auto killed = job.cgroup.kill(); !killed)
    say(LogLevel::error, fmt::format("{}: {}", job.name, killed.error().text));
}

/// Sends the stop signal to processes that have left the process group, which it does not reach.
void BoardCore::signal_escaped(Job& job) {
  bool& signalled = job.cgroup.escaped_signalled();
  if (signalled) return;
  signalled =
      signal_cgroup(job, spec_to_stop(job)->lifecycle.stop_signal) && signal_cgroup(job, SIGCONT);
}

/// Signals all processes of the cgroup: the first ones now, and the janitor does the rest without
/// the lock. @return  the error if there is no cgroup, or it cannot be opened now
Result<void> BoardCore::signal_cgroup(Job& job, int signal) {
  auto cgroup = job.cgroup.open();
  if (!cgroup) return Failure(std::move(cgroup.error()));
  CgroupSignal order{std::move(*cgroup), signal, {}};
  order.pids = order.cgroup.processes();
  if (order.pids.empty() && order.cgroup.populated())
    return failure("cannot list the processes of its cgroup");
  if (order.send_some()) return {};
  janitor.go_on_with(std::move(order));
  return {};
}

void BoardCore::ask_to_end(Job& job) {
  signal_job(job, spec_to_stop(job)->lifecycle.stop_signal);
  signal_job(job, SIGCONT);  // a stopped process handles no signal but SIGKILL
}

/// Whether a stop_exec stops it. That of a oneshot takes back what a finished one has set up; one
/// that is still under way gets the stop signal, and so does a pre_exec of a killed server.
bool BoardCore::stops_by_command(const Job& job) const {
  const ServiceSpec& spec = *spec_to_stop(job);
  const Record& record = world.record(job.slot);
  const bool is_step = record.unheard && !record.notified;
  return !spec.stop_exec->argv.empty() && (!spec.oneshot || record.done) && !is_step;
}

void BoardCore::signal_stop(Job& job) {
  last_stop_signal_at = Clock::now();
  forget_gone(job);
  for (SideCommand& side : job.side.all())
    if (side.kind() != SideKind::stop) end_side_command(job, side);
  const Record& record = world.record(job.slot);
  const pid_t pid = job.process.pid(), main = main_pid(job);
  if (pid == 0 && record.process == Process::alive) give_up_main(job);
  // A main process that has ended but is not reaped yet needs no stop_exec.
  if (!stops_by_command(job) || (!record.done && (main == 0 || ended_child(main))))
    return ask_to_end(job);
  // A stopped process could not act on the request of stop_exec.
  if (main != 0) signal_job(job, SIGCONT);
  job.side.stop().order(pid);
}

/// Ends a side command when a stop begins: kills it, or drops its order if no launch has begun.
void BoardCore::end_side_command(Job& job, SideCommand& side) {
  const bool under_way = job.launch && kind_of(job.launch->what).side == side.kind();
  if (!side.ordered() || under_way) return side.kill();
  side.dropped();
  if (side.kind() == SideKind::probe) return probe_over(job, Error{{}, EAGAIN});
  if (side.kind() == SideKind::check) return rounds.cut_off(job);
  if (side.kind() == SideKind::ready) return ready_command_lost(world, job.slot);
  side_over(job, side, "not run, because the service is being stopped");
}

/// A frozen service cannot react to a stop signal. To spare it a SIGKILL for its frozen time, this
/// thaws it and restarts its stop timeout. Not during a shutdown of zinit.
/// @return  whether it was frozen
bool BoardCore::thaw(Job& job) {
  Record& record = world.record(job.slot);
  if (record.state != State::stopping || record.stage != StopStage::signalled || world.shutdown ||
      !job.cgroup.thaw())
    return false;
  const Milliseconds more = world.spec(job.slot).lifecycle.stop_timeout;
  record.deadline = after(Clock::now(), more);
  store(job.slot);
  say(LogLevel::warn,
      fmt::format("{}: was frozen during its stop; it was thawed and gets {} more to stop",
                  job.name, duration_text(more.count())));
  return true;
}

void BoardCore::kill_all(Job& job) {
  signal_job(job, SIGKILL);
  for (const SideCommand& side : job.side.all()) side.kill();
}

/// Adds to the reasons of a stop what the model does not know: the stop_exec that runs, and what
/// has killed the process.
void BoardCore::tell_stop(Slot slot, WhyReport& report) const {
  constexpr std::size_t longest = 60;
  const Job& job = *jobs[slot];
  const auto own = std::ranges::find_if(report.reasons, [&](const WhyReason& one) {
    return one.service == report.name && (one.kind == "stopping" || one.kind == "wish");
  });
  if (own == report.reasons.end()) return;
  if (own->kind == "wish") {
    if (world.record(slot).has_end && !job.killer->empty()) {
      WhyReason killed = *own;
      killed.kind = "killed";
      killed.code = {};
      killed.detail = "its process was killed " + *job.killer;
      report.reasons.push_back(std::move(killed));
    }
    return;
  }
  const std::span<SideCommand> all = job.side.all();
  const pid_t pid = all.empty() ? 0 : all.front().pid();  // of stop_exec
  if (pid == 0) return;
  const std::string command = join(spec_to_stop(job)->stop_exec->argv, " ");
  own->detail +=
      fmt::format("; its stop_exec runs, pid {} (`{}`), and the stop takes {} so far; `{}` ends it",
                  pid, shortened(printable(command), longest),
                  duration_text(ms_between(world.record(slot).since, Clock::now())),
                  job.cgroup.in_use() && !spec_to_stop(job)->spares_rest()
                      ? fmt::format("zinitctl kill --all {} KILL", job.name)
                      : fmt::format("kill -KILL {}", pid));
}

// --- commands beside the main process ---

/// Whether it is the stop_exec of a done oneshot, for which no signal can stand in, and has time.
bool BoardCore::is_owed_to_oneshot(const Job& job, const SideCommand& side) const {
  const Record& record = world.record(job.slot);
  return side.kind() == SideKind::stop && record.done && record.stage == StopStage::signalled;
}

void BoardCore::side_launched(Job& job, const LaunchOrder& order, const Launch& launch,
                              const EarlyEnd* early) {
  SideCommand& side = job.side.of(*kind_of(order.what).side);
  const bool probes = side.kind() == SideKind::probe;
  if (launch.outcome.kind == LaunchOutcome::Kind::started) {
    side.launched(launch.child.pid);
    // A oneshot that is done and has left nothing had no process in its cgroup until now.
    if (launch.cgroup && !job.cgroup.in_use()) job.cgroup.launched(true, launch.memory_kills);
    if (early != nullptr) return side_ended(job, side, early->end, early->remains);
    side_started(job, side, order);
  } else if (const bool short_now = launch.outcome.kind == LaunchOutcome::Kind::exhausted;
             short_now && is_owed_to_oneshot(job, side)) {
    side.postpone(after(Clock::now(), kNextTry));
    warn_of(job, fmt::format("stop_exec: {}; next try in {}", launch.outcome.reason.text,
                             duration_text(kNextTry.count())));
  } else {
    side.dropped();
    if (side.kind() == SideKind::ready)
      ready_command_unspawned(world, job.slot, launch.outcome, Clock::now());
    else if (probes && short_now)
      probe_over(job, Error{launch.outcome.reason.text, EAGAIN});
    else
      side_over(job, side, launch.outcome.reason.text);
  }
  // A probe changes nothing for other services, and probes are frequent.
  if (!look_at_unit(job) && !probes) tell_neighbours({&job.slot, 1});
}

void BoardCore::side_started(Job& job, SideCommand& side, const LaunchOrder& order) {
  if (side.kind() == SideKind::check) return rounds.started(job, order);
  job.clock_seen = Clock::now();  // its time limit begins
  const bool stops = side.kind() == SideKind::stop;
  if (side.kind() == SideKind::reload)
    side.limit(after(Clock::now(), order.spec->lifecycle.start_timeout));
  // The time limit of a probe begins at the end of its launch.
  if (job.probed && side.kind() == SideKind::probe)
    side.limit(after(Clock::now(), world.spec(job.slot).health->timeout));
  const Record& record = world.record(job.slot);
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

void BoardCore::side_ended(Job& job, SideCommand& side, const ProcessEnd& end, Remains remains) {
  const bool probes = side.kind() == SideKind::probe;
  // Kills the rest of its group too, unless the group is empty: its number may have been reused.
  if (remains != Remains::nothing) side.kill();
  const pid_t pid = side.pid();
  side.ended(remains);
  const bool of_ready = side.kind() == SideKind::ready;
  if (of_ready) ready_command_ended(world, job.slot, end);
  store(job.slot);
  if (remains == Remains::zombie) reap(pid);
  if (side.kind() == SideKind::condition) {
    forget_gone(job);
    return conditions.ended(job, end);
  }
  if (of_ready) {
    forget_gone(job);
    if (!look_at_unit(job)) tell_neighbours({&job.slot, 1});
    return;
  }
  if (side.kind() == SideKind::check) {
    forget_gone(job);
    rounds.ended(job, end);
    look_at_unit(job);
    return;
  }
  std::string fault;
  if (side.late())
    fault = "took too long";
  else if (end != ProcessEnd{})
    fault = end_text(end);
  forget_gone(job);
  if (probes && !fault.empty()) fault = "its command " + fault;
  side_over(job, side, fault);
  if (!look_at_unit(job) && !probes) tell_neighbours({&job.slot, 1});
}

/// A side command has ended, or could not be started. The stop signal replaces a failed stop_exec.
void BoardCore::side_over(Job& job, SideCommand& side, const std::string& fault) {
  side.limit(kNever);
  if (side.kind() == SideKind::probe) return probe_over(job, Error{fault});
  if (side.kind() == SideKind::check) return rounds.over(job, fault);
  const bool stops = side.kind() == SideKind::stop;
  if (!stops && job.reload) {
    job.reload->done = true;
    job.reload->fault = fault;
    job.reload.reset();
    changes.changed();
  }
  const Record& record = world.record(job.slot);
  const bool held = stops && record.done;
  const bool there = held || job.process.pid() != 0 || job.process.group_left();
  const bool to_be_asked = stops && record.state == State::stopping && there &&
                           record.stage != StopStage::killed && !record.command.post;
  if (to_be_asked && (held || !fault.empty())) ask_to_end(job);
  if (fault.empty()) {
    if (!stops) say(LogLevel::info, fmt::format("{}: reloaded", job.name));
    return;
  }
  // A stop_exec that outlives the main process is killed, which is no failure.
  const bool ended_it = stops && !held && job.process.pid() == 0;
  const std::string text =
      fmt::format("{}: {}{}", kind_of(side.kind()).name, fault,
                  to_be_asked && !held ? "; its stop signal is sent instead" : "");
  if (ended_it) return say(LogLevel::debug, fmt::format("{}: {}", job.name, text));
  warn_of(job, text);
}

void BoardCore::look_at_side_commands(Job& job) {
  if (job.side.all().empty()) return;
  const TimePoint now = Clock::now();
  static_cast<void>(job.side.reload().kill_if_late(now));
  if (job.side.condition().kill_if_late(now)) conditions.late(job);
  if (job.side.check().kill_if_late(now)) rounds.late(job);
  if (!job.side.probe().kill_if_late(now) || !job.probed) return;
  // Report the result without waiting for the command's end: it may hang in its launch, or where
  // SIGKILL does not reach it.
  if (!job.side.probe().ordered()) {
    return probe_over(job, Error{fmt::format("its command took longer than {} ms",
                                             world.spec(job.slot).health->timeout.count())});
  }
  // A probe that waits for a place to spawn says nothing about its service's health.
  say(LogLevel::warn,
      fmt::format("{}: its health check is delayed, because its command cannot be launched yet: "
                  "other launches take long",
                  job.name));
  probe_over(job, Error{{}, EAGAIN});
}

void Board::run_probe(const CheckedProcessPtr& process) {
  const Change change(*this);
  Job* const job = checked_job(*process);
  if (job == nullptr || process->stage() != CheckedProcess::Stage::alive) return;
  forget_gone(*job);
  SideCommand& probe = job->side.probe();
  // Without a main process there is nothing to check, and no value for MAINPID.
  if (probe.ordered() || job->process.pid() == 0) {
    process->set_probe_result(Error{{}, EAGAIN});
    return watchers.changed();
  }
  if (!probe.gone()) {
    process->set_probe_result(Error{"its previous command was killed and has not ended"});
    return watchers.changed();
  }
  job->probed = process;
  probe.order(job->process.pid());
  probe.limit(after(Clock::now(), world.spec(job->slot).health->timeout));
  make_due(*job);
}

void BoardCore::probe_over(Job& job, Error fault) {
  job.side.probe().limit(kNever);
  const CheckedProcessPtr probed = std::exchange(job.probed, nullptr);
  if (!probed) return;
  probed->set_probe_result(std::move(fault));
  watchers.changed();
}

}  // namespace zinit
