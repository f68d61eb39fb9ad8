// Launches: everything that can be known before is prepared and checked here, on a thread of the
// launcher; the child only applies it.
#include "supervisor/launch.hpp"

#include <unistd.h>

#include <algorithm>
#include <exception>

#include "base/format.hpp"

namespace zinit {

namespace {

std::string_view value_of(const std::vector<std::string>& environment, std::string_view key) {
  for (const std::string& entry : environment) {
    if (entry.starts_with(key) && entry.size() > key.size() && entry[key.size()] == '=') {
      return std::string_view(entry).substr(key.size() + 1);
    }
  }
  return {};
}

void set(std::vector<std::string>& environment, std::string_view key, std::string_view value) {
  std::string entry = std::string(key).append("=").append(value);
  const auto same_key = [&](const std::string& each) {
    return each.size() > key.size() && each[key.size()] == '=' && each.starts_with(key);
  };
  const auto found = std::ranges::find_if(environment, same_key);
  if (found == environment.end())
    environment.push_back(std::move(entry));
  else
    *found = std::move(entry);
}

Launch failed_launch(const Error& error) {
  Launch launch;
  launch.outcome.kind =
      error.temporary() ? LaunchOutcome::Kind::exhausted : LaunchOutcome::Kind::failed;
  launch.outcome.reason = {ReasonType::spawn_error, 0, error.text, {}};
  return launch;
}

/// The environment of a service's process, later wins: the base, what goes with its user, its own,
/// its name (zinit.toml(5), "ENVIRONMENT").
void fill_environment(std::vector<std::string>& environment, const ServiceSpec& spec,
                      const Credentials& credentials, const std::vector<std::string>& base) {
  environment = base;
  if (!spec.user.empty() && !credentials.name.empty()) {
    set(environment, "HOME", credentials.home.empty() ? "/" : credentials.home);
    set(environment, "USER", credentials.name);
    set(environment, "LOGNAME", credentials.name);
    set(environment, "SHELL", credentials.shell.empty() ? "/bin/sh" : credentials.shell);
  }
  for (const auto& [key, value] : spec.env) set(environment, key, value);
  set(environment, "ZINIT_SERVICE", spec.name);
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
  launch.resource_faults = apply_resources(*cgroup, spec.resources, false);
  plan.cgroup = cgroup->fd();
  return spawn(plan);
}

Result<Child> Launcher::spawn_service(const ServiceSpec& spec, Slot slot, SpawnPlan& plan,
                                      Launch& launch) {
  Credentials credentials;
  if (!spec.user.empty() || !spec.group.empty() || spec.groups) {
    auto found = look_up(spec.user, spec.group, spec.groups);
    if (!found) return Failure(found.error());
    credentials = std::move(*found);
  }
  plan.argv = spec.exec.argv;
  fill_environment(plan.env, spec, credentials, *defaults_.environment.get());
  plan.dir = spec.dir;
  plan.umask = spec.umask;
  plan.ids = std::move(credentials.ids);
  plan.nofile = defaults_.nofile;
  plan.limits = spec.limits;
  plan.process = spec.process;
  plan.tty = spec.tty;
  const auto program =
      resolve_program(plan.argv.front(), value_of(plan.env, "PATH"), plan.dir, spec.process.root);
  if (!program) return Failure(program.error());
  plan.program = *program;
  plan.in = plan.out = plan.err = -1;
  OutputPipes pipes;
  if (spec.inherit_streams) {
    plan.in = STDIN_FILENO;
    plan.out = STDOUT_FILENO;
    plan.err = STDERR_FILENO;
  } else if (spec.tty.empty()) {
    auto opened = output_.open_output(slot);
    if (!opened) return Failure(opened.error());
    pipes = std::move(*opened);
    plan.out = pipes.out.get();
    plan.err = pipes.err.get();
  }
  return spawn_in_cgroup(spec, plan, launch);
}

Launch Launcher::launch(const ServiceSpec& spec, Slot slot, SpawnPlan& plan) noexcept {
  try {
    Launch launch;
    auto child = spawn_service(spec, slot, plan, launch);
    if (!child) {
      Launch failed = failed_launch(child.error());
      failed.cgroup = launch.cgroup;
      return failed;
    }
    launch.child = std::move(*child);
    return launch;
  } catch (const std::exception& fault) {
    // Only memory can be lacking here; what is lacking may be there later.
    return failed_launch(Error{fault.what(), ENOMEM});
  }
}

Result<void> Launcher::order(SpecPtr spec, Slot slot) {
  MutexLock lock(mutex_);
  const std::size_t waiting = orders_.size() - first_;
  if (idle_ <= waiting && threads_.size() < kMostLaunching) {
    const auto added = add_thread();
    if (!added && threads_.empty()) return added;
  }
  try {
    orders_.push_back({std::move(spec), slot});
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
    const Order order = std::move(orders_[first_++]);
    lock.unlock();
    const std::uint64_t number = client_.launch_begins(order.slot);
    client_.launch_over(order.slot, number, launch(*order.spec, order.slot, plan));
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
