// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Carrying out orders. See launch.hpp.
#include "supervisor/launch.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/format.hpp"
#include "base/log.hpp"
#include "os/conditions.hpp"
#include "os/directories.hpp"
#include "os/membership.hpp"
#include "os/process.hpp"
#include "os/spawn_slots.hpp"
#include "os/tcp_ports.hpp"
#include "os/users.hpp"
#include "supervisor/launch_kinds.hpp"
#include "supervisor/launch_plan.hpp"

namespace zinit {

namespace {

Launch failed_launch(Reason reason, bool temporary) {
  Launch launch;
  launch.outcome.kind = temporary ? LaunchOutcome::Kind::exhausted : LaunchOutcome::Kind::failed;
  launch.outcome.reason = std::move(reason);
  return launch;
}

Launch failed_launch(const Error& error) {
  Launch launch = failed_launch({ReasonType::spawn_error, 0, error.text, {}}, error.temporary());
  launch.errnum = error.errnum;
  return launch;
}

/// Whether a cgroup cannot be made now but perhaps later. EAGAIN is excluded: it means that the
/// limit cgroup.max.descendants is reached, which may last.
bool lacking_now(const Error& error) { return error.temporary() && error.errnum != EAGAIN; }

// Cgroups below a service's own that are tried for a process which the own one does not accept.
constexpr int kMostControls = 16;

bool is_busy(const Result<Child>& child) { return !child && child.error().errnum == EBUSY; }

/// The owner of a delegated cgroup, by the ids of the service's processes.
std::pair<uid_t, gid_t> owner_of(const Ids& ids) {
  return {ids.uid.value_or(::geteuid()), ids.gid.value_or(::getegid())};
}

}  // namespace

/// Whether the cgroup is zinit's own. One that could not be made afresh may still belong to the
/// user of an earlier config, who could move and kill what runs in it.
static bool is_own(const Cgroup& cgroup) {
  struct stat status {};
  return ::fstat(cgroup.fd(), &status) == 0 && status.st_uid == ::geteuid();
}

// If a cgroup cannot be made, the service runs without one, and its status says so. But if only
// memory or descriptors are short now, the launch fails and is tried again: otherwise the service
// would run without its limits until its next start.
Result<Child> Launcher::spawn_in_cgroup(const LaunchOrder& order, SpawnPlan& plan, Launch& launch) {
  const ServiceSpec& spec = *order.spec;
  CgroupTree* const cgroups = defaults_.cgroups.get();
  if (cgroups == nullptr) return spawn(plan);
  const CgroupTree::Hold hold(cgroups, spec.name);
  const auto cgroup = cgroups->make(spec.name);
  if (!cgroup) {
    if (lacking_now(cgroup.error())) {
      launch.cgroup = true;  // the cgroup may exist in spite of the error, and must be removed then
      return Failure(cgroup.error());
    }
    launch.resource_faults = {fmt::format("it has no cgroup: {}", cgroup.error().text)};
    return spawn(plan);
  }
  launch.cgroup = true;
  launch.memory_kills = cgroup->memory_kills().count;  // not 0 only in a cgroup used before
  // The spec of a check need not be in force, now or ever.
  if (order.what != LaunchOrder::What::check) {
    auto faults = apply_resources(*cgroup, *spec.resources, false);
    // A command beside the main process finds the cgroup as the main process has it: its config may
    // be one that is no longer in force.
    const bool delegate = spec.resources->delegate;
    if (faults && !runs_beside(order.what) && (delegate || !is_own(*cgroup))) {
      const auto fault =
          delegate_cgroup(*cgroup, delegate ? std::optional(owner_of(plan.ids)) : std::nullopt);
      if (!fault) return Failure(fault.error());
      if (!fault->empty()) faults->push_back(*fault);
    }
    if (!faults) return Failure(faults.error());
    launch.resource_faults = std::move(*faults);
  }
  plan.cgroup = cgroup->fd();
  auto child = spawn(plan);
  // The service has enabled controllers for cgroups below its own, so its own no longer accepts
  // processes (cgroups(7), "no internal processes"): not for a command beside the main process, and
  // not for the next main process, if the rest of the last one lives on (kill_mode). A process in
  // such a place may have done the same there.
  for (int number = 1; number <= kMostControls && is_busy(child); ++number) {
    const auto control = cgroups->make_control(spec.name, number);
    if (!control) return Failure(control.error());
    if (spec.resources->delegate)
      if (const auto given = delegate_cgroup(*control, owner_of(plan.ids)); !given)
        return Failure(given.error());
    plan.cgroup = control->fd();
    child = spawn(plan);
  }
  return child;
}

/// The reason if one of the service's ports is in use; empty: all are free. Its text names the
/// service, or else the process, that listens; an empty text: neither is known.
Reason Launcher::taken_port(const ServiceSpec& spec) {
  const auto listener = find_listener(*spec.ports);
  if (!listener) return {};
  Reason reason{ReasonType::port_in_use, listener->port, {}, {}};
  // Several processes may share the socket: a server and its workers.
  const auto holders = holders_of_socket(listener->inode);
  for (const pid_t pid : holders) {
    reason.text = pid == ::getpid() ? "zinit" : owner_of_(lineage_of(pid));
    if (!reason.text.empty()) return reason;
  }
  if (!holders.empty()) reason.text = process_text(holders.front());
  return reason;
}

/// Adds what the watchers give to the main process. Their variables replace those of the file.
Result<void> Launcher::add_extras(const LaunchOrder& order, SpawnPlan& plan, Launch& launch) {
  if (order.what != LaunchOrder::What::main) return {};
  launch.extras = std::make_shared<SpawnExtras>();
  launch.extras->user = plan.ids.uid;
  if (auto prepared = checks_.prepare(order.slot, *order.spec, *launch.extras); !prepared)
    return prepared;
  return launch.extras->add_to(plan);
}

Result<Child> Launcher::spawn_once(const LaunchOrder& order, Announce announce, Launch& launch) {
  const ServiceSpec& spec = *order.spec;
  SpawnPlan plan;
  if (auto prepared = prepare(order, defaults_, plan); !prepared) return Failure(prepared.error());
  launch.user = plan.ids.uid.value_or(::geteuid());
  if (order.first) {
    checks_.clean(order.slot);
    if (!await_removals(order))
      return Failure(Error{"cannot make its runtime_dir: it is still being removed", EAGAIN});
    auto made = make_directories(spec, plan.ids, defaults_.places, launch.runtime_dirs);
    if (!made) return Failure(made.error());
  }
  if (auto added = add_extras(order, plan, launch); !added) return Failure(added.error());
  const bool main = order.what == LaunchOrder::What::main;
  plan.tty = main ? *spec.tty : std::string();
  OutputPipes pipes;
  if (main && spec.inherit_streams) {
    plan.in = STDIN_FILENO;
    plan.out = STDOUT_FILENO;
    plan.err = STDERR_FILENO;
    plan.foreground = true;
  } else if (plan.tty.empty()) {
    auto opened = order.tail ? output_.open_output_of_check(order.slot, order.tail)
                             : output_.open_output(order.slot);
    if (!opened) return Failure(opened.error());
    pipes = std::move(*opened);
    if (launch.user && *launch.user != ::geteuid())
      if (const auto given = give_to(*launch.user, pipes); !given)
        log_warn("{}: the service cannot open /dev/stdout: {}", spec.name, given.error().text);
    plan.out = pipes.out.get();
    plan.err = pipes.err.get();
    if (launch.extras && launch.extras->stream >= 0) plan.in = plan.out = launch.extras->stream;
  }
  const auto child = pipes.writer ? pipes.writer : std::make_shared<std::atomic<pid_t>>(0);
  plan.pid = child.get();
  plan.noted = order.noted;
  announce(child);
  return spawn_in_cgroup(order, plan, launch);
}

Result<Child> Launcher::spawn_command(const LaunchOrder& order, Announce announce, Launch& launch) {
  auto child = spawn_once(order, announce, launch);
  if (!child && child.error().errnum == EMFILE && StreamSlots::give_up())
    child = spawn_once(order, announce, launch);
  return child;
}

Launch Launcher::carry_out(const LaunchOrder& order, Announce announce) {
  if (order.what == LaunchOrder::What::clean) {
    checks_.clean(order.slot);
    remove_directories(order);
    return {};
  }
  if (order.what == LaunchOrder::What::left) {
    Launch launch;
    launch.left = orphans_of(order.spec->name, order.group, order.known, order.user);
    return launch;
  }
  if (order.what == LaunchOrder::What::condition) return look_at_all_conditions(order, announce);
  if (order.first && !order.spec->ports->empty()) {
    if (Reason taken = taken_port(*order.spec)) return failed_launch(std::move(taken), false);
  }
  Launch launch;
  if (order.what == LaunchOrder::What::limit) {
    launch.resource_faults = limit_cgroup(*order.spec);
    return launch;
  }
  auto child = spawn_command(order, announce, launch);
  if (!child) {
    Launch failed = failed_launch(child.error());
    if (launch.extras && launch.extras->retried) failed.outcome.reason.number = 1;
    failed.cgroup = launch.cgroup;
    failed.runtime_dirs = std::move(launch.runtime_dirs);
    return failed;
  }
  launch.child = std::move(*child);
  return launch;
}

// The command is the most expensive condition, so it runs only if all others hold. If it cannot be
// executed, it has no answer, so the condition does not hold, negated or not. If its user or
// directory is wrong, the launch fails: the service itself would fail in the same way.
Launch Launcher::look_at_all_conditions(const LaunchOrder& order, Announce announce) {
  const ConditionSpec& spec = *order.spec->condition;
  Launch launch;
  auto looked =
      look_at_conditions(spec, spec.virtualization.empty() ? MachineFacts{} : this_machine());
  if (!looked) return failed_launch(looked.error());
  launch.conditions = std::move(*looked);
  const auto unmet = std::ranges::find(launch.conditions, false, &ConditionResult::held);
  if (unmet != launch.conditions.end()) {
    launch.outcome = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, unmet->text, {}}};
    return launch;
  }
  if (spec.exec.command.argv.empty()) return launch;
  auto child = spawn_command(order, announce, launch);
  if (child) {
    launch.child = std::move(*child);
    return launch;
  }
  if (child.error().temporary() || !child.error().text.starts_with(kExecuteFault)) {
    launch.outcome = failed_launch(child.error()).outcome;
    launch.errnum = child.error().errnum;
    return launch;
  }
  launch.conditions.push_back({command_condition(spec.exec, child.error().text), false});
  launch.outcome = {LaunchOutcome::Kind::unmet,
                    {ReasonType::condition, 0, launch.conditions.back().text, {}}};
  return launch;
}

void Launcher::announce_removal(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  removals_.insert(removals_.end(), names.begin(), names.end());
}

// Another service's removal may concern one of these directories, or one above or below them.
// Removals ordered later spare the directories made now (Launches::order_removal()).
bool Launcher::await_removals(const LaunchOrder& order) {
  MutexLock lock(mutex_);
  while (!ending_ && any_related(order.spec->directories->runtime, removals_)) {
    if (!order.may_wait) return false;
    removed_.wait(mutex_);
  }
  return true;
}

void Launcher::remove_directories(const LaunchOrder& order) {
  remove_runtime_directories(order.spec->name, defaults_.places.runtime, order.directories);
  MutexLock lock(mutex_);
  for (const std::string& name : order.directories) {
    const auto found = std::ranges::find(removals_, name);
    if (found != removals_.end()) removals_.erase(found);
  }
  removed_.notify_all();
}

/// May take long: if a memory limit becomes smaller, the kernel reclaims memory within the write.
std::vector<std::string> Launcher::limit_cgroup(const ServiceSpec& spec) {
  const auto cgroup = Cgroup::open(defaults_.cgroups->path_of(spec.name));
  if (!cgroup) return {};
  auto applied = apply_resources(*cgroup, *spec.resources, true);
  std::optional<std::pair<uid_t, gid_t>> owner;
  if (applied && spec.resources->delegate) {
    const auto found = look_up(*spec.user, *spec.group);
    if (!found) {
      applied->push_back(fmt::format("resources.delegate has no effect: {}", found.error().text));
      return std::move(*applied);
    }
    owner = owner_of(found->ids);
  }
  const auto given = applied ? delegate_cgroup(*cgroup, owner) : Result<std::string>();
  if (applied && given && !given->empty()) applied->push_back(*given);
  if (applied && !given) applied = Failure(given.error());
  if (applied) return std::move(*applied);
  return {fmt::format("resources have no effect: {}", applied.error().text)};
}

void Launcher::stop() {
  MutexLock lock(mutex_);
  ending_ = true;
  removed_.notify_all();
}

// The pid may have been reused. This checks that the process is zinit's child and has not called
// execve(2) yet, so that it is certainly a launch.
bool help_child(pid_t pid, bool unwanted) {
  if (pid <= 1) return false;
  const auto stat = read_process_stat(pid);
  if (!stat || stat->ppid != ::getpid() || stat->executed) return false;
  if (unwanted)
    ::kill(pid, SIGKILL);
  else if (stat->state == 'T')
    ::kill(pid, SIGCONT);
  return unwanted;
}

}  // namespace zinit
