// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// switch-root: the daemon's steps from the request to the execution of the new root's init, and its
// start there if that init is zinit again (behaviour.md, "initramfs").
//
// It uses the way of a re-execution (daemon_reexecution.cpp). leave_root() runs when the services
// are down and the loop is over: it enters the new root (enter_root() in os/mount.hpp) and executes
// the init there. arrive() leads the next process image from the old configuration to that of the
// new root. Until then World::switching is in the journal: stays_up() of model/predicates.hpp keeps
// services that survive from being stopped, by the shutdown and then by what they require.

#include "base/kill_point.hpp"
#include "base/lists.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "machine/last_steps.hpp"
#include "machine/switch_root.hpp"
#include "os/net.hpp"
#include "os/offload.hpp"
#include "reexec/last_resort.hpp"
#include "server/daemon.hpp"

namespace zinit {

namespace {

/// The longest wait for a file system that answered a moment ago.
constexpr Milliseconds kCheckedAgain{5000};

/// Runs check_new_root() on another thread, because the file system may not answer any more.
Result<bool> check_again(const NewRoot& next) {
  const auto checked = std::make_shared<Result<bool>>(false);
  Offload checks({.name = "zinit-root", .stack_bytes = kLoopStackBytes, .patience = kCheckedAgain});
  const auto done = checks.await(checks.ask([next, checked] { *checked = check_new_root(next); }));
  if (done) return std::move(*checked);
  if (done.error().errnum != ETIMEDOUT) return Failure(done.error());
  return Failure(Error{fmt::format("{} does not answer", printable(next.root)), ETIMEDOUT});
}

}  // namespace

void ZinitDaemon::switch_root(NewRoot next, SwitchDone done) {
  auto checked = std::make_shared<Result<bool>>(false);
  FileTask task;
  task.work = [next, checked] { *checked = check_new_root(next); };
  task.finish = [this, next, checked, done](const std::optional<Error>& fault) {
    const auto refuse = [&](Refusal refusal, std::string text) {
      done(tl::unexpected(RequestFailure{refusal, std::move(text)}));
    };
    if (fault) return refuse(Refusal::process_error, fault->text);
    if (!*checked) return refuse(Refusal::invalid_state, checked->error().text);
    if (shutdown_.begun()) return refuse(Refusal::shutting_down, "a shutdown has begun already");
    next_ = next;
    done({});
    begin_shutdown(PowerAction::switch_root,
                   fmt::format("to {}, {}", printable(next.root), printable(next.init)));
  };
  files_.add(std::move(task));
}

bool ZinitDaemon::survives(const ProcessStat& process) const {
  std::string owner = board_.owner_of({process.pid, process.group, process.session});
  if (owner.empty() && start_.cgroups) owner = start_.cgroups->service_of(process.pid);
  const GraphPtr graph = board_.graph();
  const Slot slot = graph->find(owner);
  return slot != kNoSlot && graph->spec(slot).survive;
}

void ZinitDaemon::leave_root() {
  kill_the_rest([this] { return reap_some(); }, [this] { feed_watchdog(); },
                [this](const ProcessStat& process) { return survives(process); });
  board_.hold_launches(true);
  board_.end_switch();
  shutdown_.forget();
  switched_ = true;
  switch_fault_.clear();  // of an earlier attempt
  booted_ = false;
  services_started_.reset();
  // Check again, because the machine may have changed since the request.
  machine_watchdog_.feed();
  const auto own = check_again(next_);
  // The thread of the check hangs in the kernel, and execve(2) would wait for it.
  if (!own && own.error().errnum == ETIMEDOUT) stay_alive(own.error().text.c_str());
  machine_watchdog_.feed();
  static_cast<void>(logs_.stop_reading(kLastLines));
  if (loops_ended_ = start_.data_loop->stop(kLastTurns); loops_ended_) {
    if (own && !*own && syslog_) syslog_->finish();
    logs_.finish(kLastLines);
    logs_.keep_dropped();
  }
  log_info("switch-root: going on as {}", printable(next_.init));
  kill_point("switch.begun");
  Error fault{std::string(kNotStill), EBUSY};
  // Longer than for a re-execution, because there is no way back: the services have been stopped.
  (void)when_still([&] { fault = own ? execute_in_new_root(*own) : own.error(); }, kFilesEnd);
  // The way back: zinit continues in the old root, with a shell that shows the reason.
  switch_fault_ = fmt::format("switch-root: {}", fault.text);
  log_error("{}", switch_fault_);
  keep_facts();
  // execve(2) would wait for the thread that hangs.
  if (logs_.busy() || !Offload::under_way(Offload::kHangs).empty()) stay_alive(fault.text.c_str());
  fault = zinit::execute_again(NextImage::same);
  stay_alive(fault.text.c_str());
}

/// @return  why the execution failed
Error ZinitDaemon::execute_in_new_root(bool own) {
  machine_watchdog_.feed();
  if (auto entered = enter_root(next_.root); !entered) return entered.error();
  if (own) set_installed_program(next_.init);
  keep_facts();  // after a crash zinit continues in the new root
  kill_point("switch.entered");
  if (own) return zinit::execute_again(NextImage::installed);
  machine_watchdog_.disarm();
  leave_cgroups();
  Environment variables = start_.environment;
  std::erase_if(variables, [](const std::string& entry) { return entry.starts_with("PATH="); });
  return execute_stranger(next_.init, variables, start_.nofile);
}

/// Loads the configuration of a new root, in which services of the old root may still run.
void ZinitDaemon::arrive() {
  if (const auto named = set_hostname(); !named) log_warn("boot: {}", named.error().text);
  const Configuration config = read_configuration(start_.sources);
  use_settings(config);
  log_warnings(config);
  log_proxy_messages(config.proxies);
  const GraphPtr graph = board_.graph();
  std::vector<SpecPtr> specs = config.specs;
  // A service that the reload would restart keeps its definition from the old root.
  if (const auto plan = board_.reload(specs, true, config.masked)) {
    std::erase_if(specs, [&](const SpecPtr& spec) {
      return graph->find(spec->name) != kNoSlot && contains(plan->restarted, spec->name);
    });
  }
  const std::vector<SpecPtr> survivors = runtime_services(*graph, specs);
  specs.insert(specs.end(), survivors.begin(), survivors.end());
  if (const auto taken = board_.reload(specs, false, config.masked); !taken)
    log_error("boot: {}", taken.error().text);
  proxies_.load(config);
  logs_.reopen_files();
}

}  // namespace zinit
