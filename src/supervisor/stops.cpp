// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The signals and the kill of a stop. See stops.hpp.
#include "supervisor/stops.hpp"

#include <algorithm>
#include <csignal>

#include "model/predicates.hpp"
#include "os/process.hpp"
#include "supervisor/core.hpp"

namespace zinit {

const SpecPtr& Stops::spec_of(const Job& job) const {
  return job.replaced ? job.replaced : core_.world.node(job.slot).spec;
}

void Stops::signal(Job& job, int signal) {
  core_.follow_main(job);
  job.forget_gone();
  const auto say_error = [&](const Result<void>& sent) REQUIRES(board_lock) {
    // A pre_exec may have ended just now: what is gone needs no signal.
    if (!sent && sent.error().errnum != ESRCH)
      core_.say(LogLevel::error, fmt::format("{}: {}", job.name, sent.error().text));
  };
  if (spec_of(job)->spares_rest()) {
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

void Stops::kill_cgroup(Job& job) {
  if (const auto killed = job.cgroup.kill(); !killed)
    core_.say(LogLevel::error, fmt::format("{}: {}", job.name, killed.error().text));
}

void Stops::signal_escaped(Job& job) {
  bool& signalled = job.cgroup.escaped_signalled();
  if (signalled) return;
  signalled =
      signal_cgroup(job, spec_of(job)->lifecycle.stop_signal) && signal_cgroup(job, SIGCONT);
}

Result<void> Stops::signal_cgroup(Job& job, int signal) {
  auto cgroup = job.cgroup.open();
  if (!cgroup) return Failure(std::move(cgroup.error()));
  CgroupSignal order{std::move(*cgroup), signal, {}};
  order.pids = order.cgroup.processes();
  if (order.pids.empty() && order.cgroup.populated())
    return failure("cannot list the processes of its cgroup");
  if (order.send_some()) return {};
  core_.janitor.go_on_with(std::move(order));
  return {};
}

void Stops::ask_to_end(Job& job) {
  signal(job, spec_of(job)->lifecycle.stop_signal);
  signal(job, SIGCONT);  // a stopped process handles no signal but SIGKILL
}

bool Stops::by_command(const Job& job) const {
  const ServiceSpec& spec = *spec_of(job);
  const Record& record = core_.world.record(job.slot);
  const bool is_step = record.unheard && !record.notified;
  return !spec.stop_exec->argv.empty() && (!spec.oneshot || record.done) && !is_step;
}

void Stops::begin(Job& job) {
  last_signal_at_ = Clock::now();
  job.forget_gone();
  for (SideCommand& side : job.side.all())
    if (side.kind() != SideKind::stop) core_.sides.end(job, side);
  const Record& record = core_.world.record(job.slot);
  const pid_t pid = job.process.pid(), main = core_.main_pid(job);
  if (pid == 0 && record.process == Process::alive) core_.mains.give_up_main(job);
  // A main process that has ended but is not reaped yet needs no stop_exec.
  if (!by_command(job) || (!record.done && (main == 0 || ended_child(main))))
    return ask_to_end(job);
  // A stopped process could not act on the request of stop_exec.
  if (main != 0) signal(job, SIGCONT);
  job.side.stop().order(pid);
}

bool Stops::thaw(Job& job) {
  Record& record = core_.world.record(job.slot);
  if (record.state != State::stopping || record.stage != StopStage::signalled ||
      core_.world.shutdown || !job.cgroup.thaw())
    return false;
  const Milliseconds more = core_.world.spec(job.slot).lifecycle.stop_timeout;
  record.deadline = after(Clock::now(), more);
  core_.store(job.slot);
  core_.say(LogLevel::warn,
            fmt::format("{}: was frozen during its stop; it was thawed and gets {} more to stop",
                        job.name, duration_text(more.count())));
  return true;
}

void Stops::kill_all(Job& job) {
  signal(job, SIGKILL);
  for (const SideCommand& side : job.side.all()) side.kill();
}

void Stops::tell(Slot slot, WhyReport& report) const {
  constexpr std::size_t longest = 60;
  const Job& job = *core_.jobs[slot];
  const auto own = std::ranges::find_if(report.reasons, [&](const WhyReason& one) {
    return one.service == report.name && (one.kind == "stopping" || one.kind == "wish");
  });
  if (own == report.reasons.end()) return;
  if (own->kind == "wish") {
    if (core_.world.record(slot).has_end && !job.killer->empty()) {
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
  const std::string command = join(spec_of(job)->stop_exec->argv, " ");
  own->detail +=
      fmt::format("; its stop_exec runs, pid {} (`{}`), and the stop takes {} so far; `{}` ends it",
                  pid, shortened(printable(command), longest),
                  duration_text(ms_between(core_.world.record(slot).since, Clock::now())),
                  job.cgroup.in_use() && !spec_of(job)->spares_rest()
                      ? fmt::format("zinitctl kill --all {} KILL", job.name)
                      : fmt::format("kill -KILL {}", pid));
}

/// If a process ends later than this after a client's signal, another signal may have ended it.
constexpr Milliseconds kAtRequest{2000};

/// The same for a SIGKILL at the end of a stop.
std::string Stops::why_killed(const Job& job) const {
  const Milliseconds limit = core_.world.spec(job.slot).lifecycle.stop_timeout;
  if (core_.world.stop_limit < limit) return "because the shutdown gave it no more time";
  const SpecPtr& spec = spec_of(job);
  return fmt::format(
      "because it did not end within its stop_timeout_ms, {}, {}", duration_text(limit.count()),
      by_command(job) ? "by its stop_exec" : "after " + signal_name(spec->lifecycle.stop_signal));
}

/// Why the process was killed, as the text after "killed"; empty: not known.
std::string Stops::killer_of(const Job& job, const ProcessEnd& end) const {
  const StopStage stage = core_.world.record(job.slot).stage;
  if (!end.by_signal) return {};
  if (stage == StopStage::killed && end.value == SIGKILL) return why_killed(job);
  // In a stop, the stop signal and the client's are the same to the process.
  const SpecPtr& spec = spec_of(job);
  const bool own =
      stage == StopStage::signalled && !by_command(job) && end.value == spec->lifecycle.stop_signal;
  const bool asked =
      !own && end.value == job.asked->signal && Clock::now() - job.asked->at < kAtRequest;
  return asked && !job.asked->by.empty() ? "at the request of " + job.asked->by : "";
}

}  // namespace zinit
