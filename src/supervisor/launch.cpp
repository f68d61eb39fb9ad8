// The launcher's threads, and what they do with an order. See launch.hpp.
#include "supervisor/launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <exception>

#include "base/format.hpp"
#include "base/text.hpp"
#include "os/directories.hpp"
#include "os/ports.hpp"
#include "os/process.hpp"
#include "supervisor/launch_plan.hpp"

namespace zinit {

namespace {

// Of a command line that is shown in a reason.
constexpr std::size_t kShownCommand = 100;

/// The calling thread is one of a launcher's and just ends a launch.
thread_local bool ends_launch = false;

Launch failed_launch(Reason reason, bool temporary) {
  Launch launch;
  launch.outcome.kind = temporary ? LaunchOutcome::Kind::exhausted : LaunchOutcome::Kind::failed;
  launch.outcome.reason = std::move(reason);
  return launch;
}

Launch failed_launch(const Error& error) {
  return failed_launch({ReasonType::spawn_error, 0, error.text, {}}, error.temporary());
}

/// EAGAIN of a cgroup is one too many below another (cgroup.max.descendants), which may stay so.
bool lacking_now(const Error& error) { return error.temporary() && error.errnum != EAGAIN; }

std::string process_text(pid_t pid) {
  std::string command = command_line(pid);
  if (command.size() > kShownCommand) command = to_utf8(command.substr(0, kShownCommand)) + "...";
  return command.empty() ? fmt::format("process {}", pid)
                         : fmt::format("process {} ({})", pid, command);
}

}  // namespace

// Where there can be no cgroup the service runs without, and its status tells. Not so where only
// memory or a descriptor is lacking now: then it would run without its limits for good.
Result<Child> Launcher::spawn_in_cgroup(const LaunchOrder& order, SpawnPlan& plan, Launch& launch) {
  const ServiceSpec& spec = *order.spec;
  plan.cgroup = -1;
  CgroupTree* const cgroups = defaults_.cgroups.get();
  if (cgroups == nullptr) return spawn(plan);
  const CgroupTree::Hold hold(cgroups, spec.name);
  const auto cgroup = cgroups->make(spec.name, !runs_beside(order.what));
  if (!cgroup) {
    if (lacking_now(cgroup.error())) {
      launch.cgroup = true;  // made perhaps, and to be removed then
      return Failure(cgroup.error());
    }
    launch.resource_faults = {fmt::format("it has no cgroup: {}", cgroup.error().text)};
    return spawn(plan);
  }
  launch.cgroup = true;
  launch.memory_kills = cgroup->memory_kills().count;  // none but in one that is not fresh
  auto faults = apply_resources(*cgroup, *spec.resources, false);
  if (!faults) return Failure(faults.error());
  launch.resource_faults = std::move(*faults);
  plan.cgroup = cgroup->fd();
  auto child = spawn(plan);
  if (child || !runs_beside(order.what) || child.error().errnum != EBUSY) return child;
  // The service shares controllers out to cgroups of its own (cgroups(7), "no internal processes").
  const auto control = cgroups->make_control(spec.name);
  if (!control) return Failure(control.error());
  plan.cgroup = control->fd();
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

/// What the process needs to say something of itself. It wins over what its file says.
Result<void> Launcher::add_gear(const LaunchOrder& order, SpawnPlan& plan, Launch& launch) {
  plan.passed.clear();
  plan.pid_variables.clear();
  if (order.what != LaunchOrder::What::main) return {};
  auto gear = checks_.prepare(order.slot, *order.spec);
  if (!gear) return Failure(gear.error());
  launch.gear = std::move(*gear);
  if (!launch.gear) return {};
  for (const std::string& entry : launch.gear->environment) {
    const auto equals = entry.find('=');
    set_environment(plan.env, entry.substr(0, equals), entry.substr(equals + 1));
  }
  plan.pid_variables = launch.gear->pid_variables;
  for (const std::string& name : plan.pid_variables)
    std::erase_if(plan.env,
                  [&](const std::string& entry) { return entry.starts_with(name + "="); });
  plan.passed = launch.gear->passed;
  return {};
}

Result<Child> Launcher::spawn_command(UnderWay& here, SpawnPlan& plan, Launch& launch) {
  const LaunchOrder& order = here.order;
  const ServiceSpec& spec = *order.spec;
  if (auto prepared = prepare(order, defaults_, plan); !prepared) return Failure(prepared.error());
  if (order.first) {
    await_removals(spec.directories->runtime);
    auto made = make_directories(spec, plan.ids, defaults_.places, launch.runtime_dirs);
    if (!made) return Failure(made.error());
  }
  if (auto added = add_gear(order, plan, launch); !added) return Failure(added.error());
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
  auto child = pipes.writer ? pipes.writer : std::make_shared<std::atomic<pid_t>>(0);
  plan.pid = child.get();
  {
    MutexLock lock(mutex_);
    here.child = std::move(child);
    here.number = next_number_++;
    numbers_.push_back(here.number);
  }
  return spawn_in_cgroup(order, plan, launch);
}

Launch Launcher::carry_out(UnderWay& here, SpawnPlan& plan) noexcept {
  const LaunchOrder& order = here.order;
  try {
    if (order.what == LaunchOrder::What::clean) {
      remove_runtime_directories(order.spec->name, defaults_.places.runtime, order.directories);
      return {};
    }
    if (order.first && !order.spec->ports.empty()) {
      if (Reason taken = taken_port(*order.spec)) return failed_launch(std::move(taken), false);
    }
    Launch launch;
    auto child = spawn_command(here, plan, launch);
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
  const std::size_t waiting = orders_.size();
  // Whoever orders while it ends a launch takes the first that waits itself, without a wake-up.
  const bool taken = ends_launch && waiting == 0;
  if (!taken && idle_ <= waiting && threads_.size() < kMostLaunching) {
    auto added = add_thread();
    if (!added && threads_.empty()) return added;
  }
  try {
    std::vector<std::string> removed = order.directories;
    removals_.reserve(removals_.size() + removed.size());
    orders_.push_back(std::move(order));
    for (std::string& name : removed) removals_.push_back(std::move(name));
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
  lock.unlock();
  if (!taken) wake_.notify_one();
  return {};
}

std::optional<std::uint64_t> Launcher::latest() const noexcept {
  MutexLock lock(mutex_);
  if (numbers_.empty()) return std::nullopt;
  return numbers_.back();
}

std::uint64_t Launcher::oldest() const noexcept {
  MutexLock lock(mutex_);
  return numbers_.empty() ? next_number_ : numbers_.front();
}

void Launcher::recorded(std::uint64_t number) noexcept {
  MutexLock lock(mutex_);
  std::erase(numbers_, number);
}

// Another service may be started in the same directory, or in one above or below it, while it is
// removed. Removals that come later pass over what is made now (BoardCore::clean_up).
void Launcher::await_removals(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  while (!ending_ && any_related(names, removals_)) removed_.wait(mutex_);
}

void Launcher::removed(const std::vector<std::string>& names) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) {
    const auto found = std::ranges::find(removals_, name);
    if (found != removals_.end()) removals_.erase(found);
  }
  removed_.notify_all();
}

Result<void> Launcher::add_thread() {
  try {
    threads_.reserve(kMostThreads);
    under_way_.reserve(kMostThreads);
    numbers_.reserve(kMostThreads);
    auto thread = Thread::start("zinit-launch", kSmallStackBytes, [this] { work(); });
    if (!thread) return Failure(thread.error());
    threads_.push_back(std::move(*thread));
    return {};
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
}

/// Its number may be another's by now: but nobody else's child that has not executed yet.
void Launcher::help(const UnderWay& launch, bool unwanted) noexcept {
  const pid_t pid = launch.child ? launch.child->load() : 0;
  if (pid <= 1) return;
  try {
    const auto stat = read_process_stat(pid);
    if (!stat || stat->ppid != ::getpid() || stat->executed) return;
    if (unwanted)
      ::kill(pid, SIGKILL);
    else if (stat->state == 'T')
      ::kill(pid, SIGCONT);
  } catch (const std::bad_alloc&) {
    // The next look is soon.
  }
}

void Launcher::relieve(Milliseconds limit,
                       const std::function<bool(const LaunchOrder&)>& unwanted) noexcept {
  MutexLock lock(mutex_);
  bool hangs = false;
  for (const UnderWay* launch : under_way_) {
    if (Clock::now() < after(launch->since, limit)) continue;
    hangs = true;
    help(*launch, unwanted(launch->order));
  }
  // Refused: then it is tried again when the launch still hangs after a while.
  if (hangs && !orders_.empty() && idle_ == 0 && threads_.size() < kMostThreads)
    static_cast<void>(add_thread());
}

bool Launcher::at_work() const noexcept {
  MutexLock lock(mutex_);
  return !under_way_.empty() || !orders_.empty();
}

void Launcher::work() {
  SpawnPlan plan;  // its memory serves for every launch
  bool rests = true;
  MutexLock lock(mutex_);
  while (!ending_) {
    if (orders_.empty() && !std::exchange(rests, true) && under_way_.empty()) {
      lock.unlock();
      client_.launches_rest();
      lock.lock();
      continue;
    }
    if (orders_.empty()) {
      ++idle_;
      release_unused_stack();
      wake_.wait(mutex_);
      --idle_;
      continue;
    }
    const LaunchOrder order = std::move(orders_.front());
    orders_.pop_front();
    rests = false;
    UnderWay here{order, Clock::now()};
    under_way_.push_back(&here);
    lock.unlock();
    Launch launch = carry_out(here, plan);
    lock.lock();
    std::erase(under_way_, &here);
    lock.unlock();
    if (order.what == LaunchOrder::What::clean) removed(order.directories);
    ends_launch = true;
    client_.launch_over(order, here.number, std::move(launch));
    ends_launch = false;
    lock.lock();
  }
}

void Launcher::stop() {
  std::vector<Thread> threads;
  {
    MutexLock lock(mutex_);
    ending_ = true;
    wake_.notify_all();
    removed_.notify_all();
    threads = std::move(threads_);
  }
  for (Thread& thread : threads) thread.join();
}

}  // namespace zinit
