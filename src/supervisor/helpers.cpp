// Signals to a service's processes, and the commands that run beside its main process: stop_exec in
// place of the stop signal, reload_exec for a reload of this one service.
#include <csignal>

#include "supervisor/core.hpp"

namespace zinit {

namespace {

tl::unexpected<RequestFailure> refused(Refusal refusal, std::string text) {
  return tl::unexpected<RequestFailure>(RequestFailure{refusal, std::move(text)});
}

}  // namespace

void BoardCore::signal_job(Job& job, int signal) {
  if (signal == SIGKILL)
    kill_cgroup(job);
  else if (job.group == 0)
    signal_escaped(job);
  if (job.group != 0) signal_group_of(job, signal);
}

void BoardCore::signal_group_of(Job& job, int signal) {
  // The leader is not reaped, or members were alive when it was, so the number is still theirs.
  if (auto sent = signal_group(job.group, signal); !sent && sent.error().errnum != ESRCH) {
    say(LogLevel::error, fmt::format("{}: {}", world.graph->name(job.slot), sent.error().text));
  }
}

void BoardCore::ask_to_end(Job& job) {
  signal_job(job, world.spec(job.slot).lifecycle.stop_signal);
  signal_job(job, SIGCONT);  // a stopped process takes no signal but SIGKILL
}

void BoardCore::signal_stop(Job& job) {
  if (job.reloader.group != 0) (void)signal_group(job.reloader.group, SIGKILL);
  const Record& record = world.record(job.slot);
  const bool main_there = job.pid != 0 && record.phase == Phase::main && !record.post;
  if (world.spec(job.slot).stop_exec.argv.empty() || !main_there) return ask_to_end(job);
  signal_job(job, SIGCONT);  // one that is stopped could do nothing of what it is told
  if (const auto ordered = order_helper(job, LaunchOrder::What::stop); !ordered)
    helper_over(job, job.stopper, ordered.error().text);
}

void BoardCore::kill_all(Job& job) {
  signal_job(job, SIGKILL);
  for (const Helper* helper : {&job.stopper, &job.reloader}) {
    if (helper->group != 0) (void)signal_group(helper->group, SIGKILL);
  }
}

Result<void> BoardCore::order_helper(Job& job, LaunchOrder::What what) {
  LaunchOrder order{world.graph->node(job.slot).spec, job.slot, what};
  order.extra = {fmt::format("MAINPID={}", job.pid)};
  if (auto ordered = launcher_.order(order); !ordered) return ordered;
  Helper& helper = what == LaunchOrder::What::stop ? job.stopper : job.reloader;
  helper.ordered = true;
  helper.late = false;
  helper.main_pid = job.pid;
  return {};
}

void BoardCore::helper_launched(Job& job, const LaunchOrder& order, std::uint64_t number,
                                Launch launch) {
  const bool stops = order.what == LaunchOrder::What::stop;
  Helper& helper = stops ? job.stopper : job.reloader;
  helper.ordered = false;
  if (launch.outcome.kind != LaunchOutcome::Kind::started) {
    helper_over(job, helper, launch.outcome.reason.text);
  } else {
    remember(launch.child.pid, job.slot);
    helper.pid = helper.group = launch.child.pid;
    const Timeout& limit = order.spec->lifecycle.start_timeout;
    if (!stops && !limit.infinite) helper.deadline = after(Clock::now(), limit.value);
    const bool stopping = world.record(job.slot).state == State::stopping;
    if (const auto claimed = claim_end(helper.pid, number)) {
      helper_ended(job, helper, claimed->end, claimed->left);
    } else if (job.pid != helper.main_pid || stopping != stops) {
      // What it was told of is gone, or is being stopped.
      (void)signal_group(helper.group, SIGKILL);
    }
  }
  if (!look_at_unit(job)) touched({&job.slot, 1});
  wake(job);  // for the deadline of the reload
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
  helper_over(job, helper, fault);
  if (!look_at_unit(job)) touched({&job.slot, 1});
}

/// It has ended, or could not be begun. A stop_exec that failed leaves the stop to the signal.
void BoardCore::helper_over(Job& job, Helper& helper, const std::string& fault) {
  const std::string& name = world.graph->name(job.slot);
  helper.deadline = kNever;
  if (const ServiceReload reload = std::exchange(helper.reload, nullptr)) {
    reload->done = true;
    reload->fault = fault;
  }
  const bool stops = &helper == &job.stopper;
  const Record& record = world.record(job.slot);
  const bool to_be_asked = stops && record.state == State::stopping && job.group != 0 &&
                           record.stage != StopStage::killed && !record.post;
  if (fault.empty()) {
    if (!stops) say(LogLevel::info, fmt::format("{}: reloaded", name));
    return;
  }
  // One that outlives the main process by its own doing is killed, and nothing is amiss.
  const LogLevel level = stops && job.pid == 0 ? LogLevel::debug : LogLevel::warn;
  say(level, fmt::format("{}: {}: {}{}", name, stops ? "stop_exec" : "reload_exec", fault,
                         to_be_asked ? "; its stop signal is sent instead" : ""));
  if (to_be_asked) ask_to_end(job);
}

void BoardCore::look_at_helper(Job& job) {
  if (Clock::now() < job.reloader.deadline) return;
  job.reloader.deadline = kNever;
  job.reloader.late = true;
  if (job.reloader.group != 0) (void)signal_group(job.reloader.group, SIGKILL);
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
  if (job.reloader.busy()) {
    return refused(Refusal::invalid_state, fmt::format("{} is being reloaded", spec.name));
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
