// Signals to a service's processes, and the commands that run beside its main process: stop_exec in
// place of the stop signal, reload_exec for a reload of this one service, and exec of [health].
#include <csignal>

#include "supervisor/core.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

namespace {

Helper& helper_of(Job& job, LaunchOrder::What what) {
  if (what == LaunchOrder::What::stop) return job.stopper;
  return what == LaunchOrder::What::reload ? job.reloader : job.prober;
}

}  // namespace

void BoardCore::signal_job(Job& job, int signal) {
  follow_main(job);
  forget_gone(job);
  if (signal == SIGKILL)
    kill_cgroup(job);
  else if (job.group == 0 && job.main_group == 0)
    signal_escaped(job);
  if (job.group != 0) signal_group_of(job, job.group, signal);
  if (job.main_group != 0) signal_group_of(job, job.main_group, signal);
  if (job.main_apart) (void)signal_process(job.pidfd.get(), job.pid, signal);
}

void BoardCore::signal_group_of(Job& job, pid_t group, int signal) {
  if (auto sent = signal_group(group, signal); !sent && sent.error().errnum != ESRCH) {
    say(LogLevel::error, fmt::format("{}: {}", world.graph->name(job.slot), sent.error().text));
  }
}

void BoardCore::ask_to_end(Job& job) {
  signal_job(job, world.spec(job.slot).lifecycle.stop_signal);
  signal_job(job, SIGCONT);  // a stopped process takes no signal but SIGKILL
}

void BoardCore::signal_stop(Job& job) {
  forget_gone(job);
  for (const Helper* helper : {&job.reloader, &job.prober}) {
    if (helper->group != 0) (void)signal_group(helper->group, SIGKILL);
  }
  const Record& record = world.record(job.slot);
  const bool main_there = job.pid != 0 && record.phase == Phase::main && !record.post;
  if (job.pid == 0 && record.process == Process::alive) give_up_main(job);
  if (world.spec(job.slot).stop_exec.argv.empty() || !main_there) return ask_to_end(job);
  signal_job(job, SIGCONT);  // one that is stopped could do nothing of what it is told
  if (const auto ordered = order_helper(job, LaunchOrder::What::stop); !ordered)
    helper_over(job, job.stopper, ordered.error().text);
}

void BoardCore::kill_all(Job& job) {
  signal_job(job, SIGKILL);
  for (const Helper* helper : job.helpers()) {
    if (helper->group != 0) (void)signal_group(helper->group, SIGKILL);
  }
}

Result<void> BoardCore::order_helper(Job& job, LaunchOrder::What what) {
  LaunchOrder order{world.graph->node(job.slot).spec, job.slot, what};
  order.extra = {fmt::format("MAINPID={}", job.pid)};
  if (auto ordered = order_launch(order); !ordered) return ordered;
  Helper& helper = helper_of(job, what);
  helper.ordered = true;
  helper.late = false;
  helper.main_pid = job.pid;
  return {};
}

void BoardCore::helper_launched(Job& job, const LaunchOrder& order, std::uint64_t number,
                                Launch launch) {
  const bool stops = order.what == LaunchOrder::What::stop;
  const bool reloads = order.what == LaunchOrder::What::reload;
  Helper& helper = helper_of(job, order.what);
  const bool started = launch.outcome.kind == LaunchOutcome::Kind::started;
  if (started) {
    remember(launch.child.pid, job.slot);  // first: while it is ordered it is not gone
    helper.pid = helper.group = launch.child.pid;
  }
  helper.ordered = false;
  if (launch.outcome.kind == LaunchOutcome::Kind::exhausted && &helper == &job.prober) {
    probe_over(helper, Error{launch.outcome.reason.text, EAGAIN});
  } else if (!started) {
    helper_over(job, helper, launch.outcome.reason.text);
  } else {
    const Timeout& limit = order.spec->lifecycle.start_timeout;
    if (reloads && !limit.infinite) helper.deadline = after(Clock::now(), limit.value);
    if (helper.probed) helper.deadline = probe_deadline(job);  // its time counts from now on
    const bool stopping = world.record(job.slot).state == State::stopping;
    if (const auto claimed = claim_end(helper.pid, number)) {
      helper_ended(job, helper, claimed->end, claimed->left);
    } else if (stopping != stops || (!stops && job.pid != helper.main_pid) || helper.late) {
      // What it was told of is gone, or is being stopped; or its time was over before it began.
      // Where a stop_exec's is gone that may be its own doing already, and it has its time.
      if (helper.probed) probe_over(helper, Error{{}, EAGAIN});
      (void)signal_group(helper.group, SIGKILL);
    }
  }
  if (!look_at_unit(job) && &helper != &job.prober) touched({&job.slot, 1});
  due(job);  // for the deadline of the reload
}

void BoardCore::helper_ended(Job& job, Helper& helper, const ProcessEnd& end, Left left) {
  // What it leaves behind goes too. Where nothing is left the number is not ours any more.
  if (left == Left::nothing)
    forget_group({&helper.pid, &helper.group});
  else
    (void)signal_group(helper.group, SIGKILL);
  const pid_t pid = std::exchange(helper.pid, 0);
  by_pid_.erase(pid);
  store(job.slot);
  if (left == Left::zombie) reap(pid);
  std::string fault;
  if (helper.late)
    fault = "took too long";
  else if (end != ProcessEnd{})
    fault = reason_text(reason_of_end(end));
  forget_gone(job);
  if (&helper == &job.prober && !fault.empty()) fault = "its command " + fault;
  helper_over(job, helper, fault);
  // A probe changes nothing for others, and there are many.
  if (!look_at_unit(job) && &helper != &job.prober) touched({&job.slot, 1});
}

/// It has ended, or could not be begun. A stop_exec that failed leaves the stop to the signal.
void BoardCore::helper_over(Job& job, Helper& helper, const std::string& fault) {
  const std::string& name = world.graph->name(job.slot);
  helper.deadline = kNever;
  if (&helper == &job.prober) return probe_over(helper, Error{fault});
  if (const ServiceReload reload = std::exchange(helper.reload, nullptr)) {
    reload->done = true;
    reload->fault = fault;
  }
  const bool stops = &helper == &job.stopper;
  const Record& record = world.record(job.slot);
  const bool there = job.pid != 0 || job.group != 0 || job.main_group != 0;
  const bool to_be_asked = stops && record.state == State::stopping && there &&
                           record.stage != StopStage::killed && !record.post;
  if (fault.empty()) {
    if (!stops) say(LogLevel::info, fmt::format("{}: reloaded", name));
    return;
  }
  if (to_be_asked) ask_to_end(job);
  // One that outlives the main process by its own doing is killed, and nothing is amiss.
  const LogLevel level = stops && job.pid == 0 ? LogLevel::debug : LogLevel::warn;
  say(level, fmt::format("{}: {}: {}{}", name, stops ? "stop_exec" : "reload_exec", fault,
                         to_be_asked ? "; its stop signal is sent instead" : ""));
}

void BoardCore::look_at_helpers(Job& job) {
  const TimePoint now = Clock::now();
  for (Helper* helper : {&job.reloader, &job.prober}) {
    if (now < helper->deadline) continue;
    helper->deadline = kNever;
    helper->late = true;
    if (helper->group != 0) (void)signal_group(helper->group, SIGKILL);
  }
  // At once, for it may hang where no kill reaches it, or not have been executed yet.
  if (!job.prober.late || !job.prober.probed) return;
  try {
    // What waits for others' launches says nothing of its service's health.
    if (job.prober.ordered) {
      say(LogLevel::warn,
          fmt::format("{}: its health check waits for its command to be launched: other launches "
                      "take long",
                      world.graph->name(job.slot)));
      return probe_over(job.prober, Error{{}, EAGAIN});
    }
    probe_over(job.prober, Error{fmt::format("its command took longer than {} ms",
                                             world.spec(job.slot).health->timeout.count())});
  } catch (const std::bad_alloc&) {
    probe_over(job.prober, Error{{}, ENOMEM});
  }
}

void BoardCore::run_probe(const CheckedProcessPtr& process) {
  Job* const job = checked_job(*process);
  if (job == nullptr || process->stage() != CheckedProcess::Stage::alive) return;
  forget_gone(*job);
  Helper& prober = job->prober;
  // Before there is a main process there is nothing to be well, and no MAINPID to ask about.
  if (prober.ordered || job->pid == 0) {
    process->set_probe_result(Error{{}, EAGAIN});
    return checks_.changed();
  }
  if (!prober.gone()) {
    process->set_probe_result(Error{"its command of before has not ended, though it was killed"});
    return checks_.changed();
  }
  if (auto ordered = order_helper(*job, LaunchOrder::What::probe); !ordered) {
    process->set_probe_result(ordered.error());
    return checks_.changed();
  }
  prober.probed = process;
  prober.deadline = probe_deadline(*job);
  due(*job);
}

TimePoint BoardCore::probe_deadline(const Job& job) const {
  return after(Clock::now(), world.spec(job.slot).health->timeout);
}

void BoardCore::probe_over(Helper& prober, Error fault) noexcept {
  prober.deadline = kNever;
  const CheckedProcessPtr probed = std::exchange(prober.probed, nullptr);
  if (!probed) return;
  probed->set_probe_result(std::move(fault));
  checks_.changed();
}

RequestResult<ServiceReload> BoardCore::reload_service(Slot slot, bool dry_run) {
  Job& job = *jobs[slot];
  const ServiceSpec& spec = world.spec(slot);
  const Record& record = world.record(slot);
  const bool by_command = !spec.reload_exec.argv.empty();
  if (!by_command && spec.reload_signal == 0) {
    return refused(Refusal::not_supported,
                   fmt::format("{} has neither reload_exec nor reload_signal", spec.name));
  }
  if (record.state != State::running || record.post || job.pid == 0) {
    return refused(Refusal::not_running,
                   fmt::format("{} is {}", spec.name, state_name(record.state)));
  }
  forget_gone(job);
  if (!job.reloader.gone()) {
    return refused(Refusal::invalid_state,
                   fmt::format("{} is being reloaded, or something of its reload_exec before has "
                               "not ended",
                               spec.name));
  }
  auto reload = std::make_shared<ServiceReloadState>();
  reload->done = dry_run || !by_command;
  if (dry_run) return reload;
  const auto begun = by_command ? order_helper(job, LaunchOrder::What::reload)
                                : signal_process(job.pidfd.get(), job.pid, spec.reload_signal);
  if (!begun) return refused(Refusal::process_error, begun.error().text);
  if (by_command)
    job.reloader.reload = reload;
  else
    say(LogLevel::info,
        fmt::format("{}: reloaded by {}", spec.name, signal_name(spec.reload_signal)));
  return reload;
}

}  // namespace zinit
