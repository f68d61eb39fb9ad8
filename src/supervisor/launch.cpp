// The launcher's threads, and what they do with an order. See launch.hpp.
#include "supervisor/launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "base/format.hpp"
#include "base/text.hpp"
#include "os/ports.hpp"
#include "os/process.hpp"
#include "supervisor/launch_plan.hpp"

namespace zinit {

namespace {

// Of a command line that is shown in a reason.
constexpr std::size_t kShownCommand = 100;

Launch failed_launch(Reason reason, bool temporary) {
  Launch launch;
  launch.outcome.kind = temporary ? LaunchOutcome::Kind::exhausted : LaunchOutcome::Kind::failed;
  launch.outcome.reason = std::move(reason);
  return launch;
}

Launch failed_launch(const Error& error) {
  return failed_launch({ReasonType::spawn_error, 0, error.text, {}}, error.temporary());
}

std::string process_text(pid_t pid) {
  std::string command = command_line(pid);
  if (command.size() > kShownCommand) command = to_utf8(command.substr(0, kShownCommand)) + "...";
  return command.empty() ? fmt::format("process {}", pid)
                         : fmt::format("process {} ({})", pid, command);
}

}  // namespace

// Where there can be no cgroup the service runs without, and its status tells.
Result<Child> Launcher::spawn_in_cgroup(const ServiceSpec& spec, SpawnPlan& plan, Launch& launch) {
  plan.cgroup = -1;
  CgroupTree* const cgroups = defaults_.cgroups.get();
  if (cgroups == nullptr) return spawn(plan);
  const CgroupTree::Hold hold(cgroups, spec.name);
  const auto cgroup = cgroups->make(spec.name);
  if (!cgroup) {
    launch.resource_faults = {fmt::format("it has no cgroup: {}", cgroup.error().text)};
    return spawn(plan);
  }
  launch.cgroup = true;
  launch.resource_faults = apply_resources(*cgroup, *spec.resources, false);
  plan.cgroup = cgroup->fd();
  return spawn(plan);
}

/// A reason where one of the service's ports is taken: by a service, by a process, or by whom
/// cannot be seen.
Reason Launcher::taken_port(const ServiceSpec& spec) {
  const auto listener = find_listener(spec.ports);
  if (!listener) return {};
  Reason reason{ReasonType::port_in_use, listener->port, {}, {}};
  // Several may share it: a server and its workers.
  const auto holders = holders_of_socket(listener->inode);
  for (const pid_t pid : holders) {
    reason.text = pid == ::getpid() ? "zinit" : client_.owner_of(lineage_of(pid));
    if (!reason.text.empty()) return reason;
  }
  if (!holders.empty()) reason.text = process_text(holders.front());
  return reason;
}

Result<Child> Launcher::spawn_command(const LaunchOrder& order, SpawnPlan& plan, Launch& launch) {
  const ServiceSpec& spec = *order.spec;
  if (auto prepared = prepare(order, defaults_, plan); !prepared) return Failure(prepared.error());
  if (order.first) {
    auto made = make_directories(spec, plan.ids, defaults_.places, launch.runtime_dirs);
    if (!made) return Failure(made.error());
  }
  const bool main = order.what == LaunchOrder::What::main;
  plan.in = plan.out = plan.err = -1;
  plan.tty = main ? spec.tty : std::string();
  OutputPipes pipes;
  if (main && spec.inherit_streams) {
    plan.in = STDIN_FILENO;
    plan.out = STDOUT_FILENO;
    plan.err = STDERR_FILENO;
  } else if (plan.tty.empty()) {
    auto opened = output_.open_output(order.slot);
    if (!opened) return Failure(opened.error());
    pipes = std::move(*opened);
    plan.out = pipes.out.get();
    plan.err = pipes.err.get();
  }
  return spawn_in_cgroup(spec, plan, launch);
}

Launch Launcher::carry_out(const LaunchOrder& order, SpawnPlan& plan) noexcept {
  try {
    if (order.what == LaunchOrder::What::clean) {
      remove_runtime_directories(order.spec->name, defaults_.places.runtime, order.directories);
      return {};
    }
    if (order.first && !order.spec->ports.empty()) {
      if (Reason taken = taken_port(*order.spec)) return failed_launch(std::move(taken), false);
    }
    Launch launch;
    auto child = spawn_command(order, plan, launch);
    if (!child) {
      Launch failed = failed_launch(child.error());
      failed.cgroup = launch.cgroup;
      failed.runtime_dirs = std::move(launch.runtime_dirs);
      return failed;
    }
    launch.child = std::move(*child);
    return launch;
  } catch (const std::exception& fault) {
    // Only memory can be lacking here; what is lacking may be there later.
    return failed_launch(Error{fault.what(), ENOMEM});
  }
}

Result<void> Launcher::order(LaunchOrder order) {
  MutexLock lock(mutex_);
  const std::size_t waiting = orders_.size() - first_;
  if (idle_ <= waiting && threads_.size() < kMostLaunching) {
    const auto added = add_thread();
    if (!added && threads_.empty()) return added;
  }
  try {
    orders_.push_back(std::move(order));
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
  wake_.notify_one();
  return {};
}

Result<void> Launcher::add_thread() {
  try {
    threads_.reserve(kMostThreads);
    auto thread = Thread::start("zinit-launch", kJobStackBytes, [this] { work(); });
    if (!thread) return Failure(thread.error());
    threads_.push_back(std::move(*thread));
    return {};
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
}

void Launcher::relieve() noexcept {
  MutexLock lock(mutex_);
  // Refused: then it is tried again when the launch still hangs after a while.
  if (first_ < orders_.size() && idle_ == 0 && threads_.size() < kMostThreads)
    static_cast<void>(add_thread());
}

void Launcher::work() {
  SpawnPlan plan;  // its memory serves for every launch
  MutexLock lock(mutex_);
  while (!ending_) {
    if (first_ == orders_.size()) {
      orders_.clear();
      first_ = 0;
      ++idle_;
      release_unused_stack();
      wake_.wait(mutex_);
      --idle_;
      continue;
    }
    const LaunchOrder order = std::move(orders_[first_++]);
    lock.unlock();
    const std::uint64_t number = client_.launch_begins();
    client_.launch_over(order, number, carry_out(order, plan));
    lock.lock();
  }
}

void Launcher::stop() {
  std::vector<Thread> threads;
  {
    MutexLock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
    threads = std::move(threads_);
  }
  for (Thread& thread : threads) thread.join();
}

}  // namespace zinit
