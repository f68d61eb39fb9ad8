// Cgroups of services, as the board sees them: what is left in one, what is killed there, and who
// tells of its end.
//
// A cgroup is watched by inotify: its memory.events while there is a main process, since when that
// dies it is to be known whether a kill for want of memory was its own or one of before; its
// cgroup.events only while its last process is waited for. At rest there is nothing to be told.
//
// The files are read and written under the lock, for they are the kernel's own and wait for no
// device; a start and an end cost one such read. Making and removing cgroups takes longer, and is
// done by the launcher's threads and the herald.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>

#include "os/inotify.hpp"
#include "supervisor/core.hpp"

namespace zinit {

namespace {

// From the kernel's kill of a process for want of memory, as it is told, to the end of it. Who dies
// of a SIGKILL later was not the one.
constexpr Milliseconds kFromKillToEnd{5000};

}  // namespace

void BoardCore::note_cgroup(Job& job, Launch& launch) noexcept {
  const bool news = job.resource_faults != launch.resource_faults;
  job.resource_faults = std::move(launch.resource_faults);
  if (news) tell_resource_faults(job);
  if (!launch.cgroup) return;
  job.cgroup_made = true;
  if (launch.outcome.kind == LaunchOutcome::Kind::started) job.cgroup = true;
  job.memory_kills = launch.memory_kills;
  job.escaped_signalled = false;
}

/// Once, not at each spawn; the status has them as long as they last.
void BoardCore::tell_resource_faults(const Job& job) noexcept {
  try {
    for (const std::string& fault : job.resource_faults)
      say(LogLevel::warn, fmt::format("{}: {}", world.graph->name(job.slot), fault));
  } catch (const std::bad_alloc&) {
    // The status tells.
  }
}

std::string BoardCore::cgroup_path(const Job& job) const {
  return cgroups_ ? cgroups_->path_of(world.graph->name(job.slot)) : std::string();
}

template <class Work>
bool BoardCore::with_cgroup(const Job& job, Work work) const noexcept {
  if (!job.cgroup) return false;
  try {
    const auto cgroup = Cgroup::open(cgroup_path(job));
    if (cgroup) work(*cgroup);
    return cgroup.has_value();
  } catch (const std::bad_alloc&) {
    return false;
  }
}

// Where it cannot be looked at now, it is taken to be there.
bool BoardCore::cgroup_left(const Job& job) const noexcept {
  if (!job.cgroup) return false;
  try {
    const auto cgroup = Cgroup::open(cgroup_path(job));
    return cgroup ? cgroup->populated() : cgroup.error().errnum != ENOENT;
  } catch (const std::bad_alloc&) {
    return true;
  }
}

void BoardCore::kill_cgroup(Job& job) noexcept {
  with_cgroup(job, [&](const Cgroup& cgroup) REQUIRES(mutex) {
    const auto killed = cgroup.populated() ? cgroup.kill() : Result<void>();
    if (killed) return;
    say(LogLevel::error, fmt::format("{}: {}", world.graph->name(job.slot), killed.error().text));
  });
}

// The stop signal went to the group: who has left it gets it once the group is gone, and has what
// is left of the stop timeout.
void BoardCore::signal_escaped(Job& job) noexcept {
  if (job.pid != 0 || job.escaped_signalled) return;
  const int signal = world.spec(job.slot).lifecycle.stop_signal;
  job.escaped_signalled = with_cgroup(job, [&](const Cgroup& cgroup) {
    cgroup.signal(signal);
    cgroup.signal(SIGCONT);
  });
}

// What a main process that ended by itself has left was killed with it; here it is again where
// that failed.
void BoardCore::tend_escaped(Job& job) noexcept {
  watch_cgroup(job);
  const Record& record = world.record(job.slot);
  if (record.state != State::stopping && record.state != State::failed) return kill_cgroup(job);
  if (record.stage == StopStage::signalled) signal_escaped(job);
}

/// -1 where there is no such file, or no room for one more watch.
int BoardCore::add_watch(const Job& job, const char* file) noexcept {
  if (!cgroup_watches_) return -1;
  int watch = -1;
  try {
    const std::string path = cgroup_path(job) + file;
    watch = ::inotify_add_watch(cgroup_watches_.get(), path.c_str(), IN_MODIFY);
    if (watch >= 0) by_watch_[watch] = job.slot;
    return watch;
  } catch (const std::bad_alloc&) {
    if (watch >= 0) ::inotify_rm_watch(cgroup_watches_.get(), watch);
    return -1;
  }
}

void BoardCore::drop_watch(int& watch) noexcept {
  if (watch < 0) return;
  ::inotify_rm_watch(cgroup_watches_.get(), watch);
  by_watch_.erase(std::exchange(watch, -1));
}

// Where it cannot be watched it is looked at, as a group is.
void BoardCore::watch_cgroup(Job& job) noexcept {
  if (job.cgroup_watch < 0) job.cgroup_watch = add_watch(job, "/cgroup.events");
}

// Looked at once more now that it is watched.
void BoardCore::watch_memory(Job& job) noexcept {
  drop_watch(job.memory_watch);
  job.memory_kill_seen = {};
  if (!job.cgroup) return;
  job.memory_watch = add_watch(job, "/memory.events");
  if (job.memory_watch >= 0) look_at_memory(job);
}

void BoardCore::look_at_memory(Job& job) noexcept {
  with_cgroup(job, [&](const Cgroup& cgroup) {
    const MemoryKills kills = cgroup.memory_kills();
    if (kills.count <= job.memory_kills) return;
    job.memory_kills = kills.count;
    job.memory_kill_seen = Clock::now();
  });
}

void BoardCore::unit_changed(Job& job) noexcept {
  try {
    const Telling telling(*this);
    look_at_unit(job);
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
}

void BoardCore::cgroups_changed() {
  InotifyEvents waiting(cgroup_watches_.get());
  while (const inotify_event* event = waiting.next())
    cgroup_changed(event->wd, (event->mask & IN_Q_OVERFLOW) != 0);
}

/// Where events were lost, all that wait for one look for themselves.
void BoardCore::cgroup_changed(int watch, bool lost) noexcept {
  if (lost) {
    for (const auto& job : jobs)
      if (job && job->cgroup_watch >= 0) unit_changed(*job);
    return;
  }
  const auto watched = by_watch_.find(watch);
  if (watched == by_watch_.end() || !jobs[watched->second]) return;
  Job& job = *jobs[watched->second];
  if (watch == job.memory_watch)
    look_at_memory(job);
  else
    unit_changed(job);
}

// A SIGKILL that was ours is none of the kernel's. One of the kernel's that is known of for a while
// has hit another process of the service, a worker for instance.
OutOfMemory BoardCore::out_of_memory(const Job& job, const ProcessEnd& end) const noexcept {
  const bool by_us = job.killed_on_request || world.record(job.slot).stage == StopStage::killed;
  if (!end.by_signal || end.value != SIGKILL || by_us) return OutOfMemory::no;
  MemoryKills kills;
  with_cgroup(job, [&](const Cgroup& cgroup) { kills = cgroup.memory_kills(); });
  const bool just_seen = job.memory_kill_seen != TimePoint{} &&
                         Clock::now() < after(job.memory_kill_seen, kFromKillToEnd);
  return kills.count > job.memory_kills || just_seen ? kills.want : OutOfMemory::no;
}

// What the image before has left in the service's cgroup is the service's still.
void BoardCore::restore_cgroup(Job& job) {
  if (!cgroups_) return;
  const auto cgroup = Cgroup::open(cgroup_path(job));
  if (!cgroup) return;
  job.cgroup_made = true;
  job.cgroup = cgroup->populated();
  job.memory_kills = cgroup->memory_kills().count;
  watch_memory(job);
  Record& record = world.record(job.slot);
  if (!job.cgroup || job.pid != 0 || record.process != Process::ended) return;
  record.process = Process::lingering;
  look_at_unit(job);
}

// What is not removed now is when zinit ends.
void BoardCore::drop_cgroup(Job& job) noexcept {
  if (!std::exchange(job.cgroup_made, false)) return;
  try {
    unused_cgroups_.push_back(world.graph->name(job.slot));
    wake_herald();
  } catch (const std::bad_alloc&) {
    job.cgroup_made = true;
  }
}

void BoardCore::change_resources(Job& job) noexcept {
  if (!job.cgroup) return;
  try {
    changed_resources_.push_back(job.slot);
    wake_herald();
  } catch (const std::bad_alloc&) {
    say(LogLevel::warn, "resources are not changed: out of memory");
  }
}

void BoardCore::tend_cgroups() {
  const Slots changed = std::exchange(changed_resources_, {});
  const std::vector<std::string> unused = std::exchange(unused_cgroups_, {});
  for (const Slot slot : changed) apply_changed_resources(slot);
  if (!unused.empty()) {
    without_lock([&] {
      for (const std::string& name : unused) cgroups_->remove(name);
    });
  }
}

void BoardCore::apply_changed_resources(Slot slot) {
  if (!world.graph->used(slot) || !jobs[slot]->cgroup) return;
  const SpecPtr spec = world.graph->node(slot).spec;
  std::vector<std::string> faults;
  without_lock([&] {
    const auto cgroup = Cgroup::open(cgroups_->path_of(spec->name));
    if (!cgroup) return;
    auto applied = apply_resources(*cgroup, *spec->resources, true);
    faults = applied
                 ? std::move(*applied)
                 : std::vector{fmt::format("resources have no effect: {}", applied.error().text)};
  });
  if (!world.graph->used(slot) || world.spec(slot).name != spec->name) return;
  jobs[slot]->resource_faults = std::move(faults);
  tell_resource_faults(*jobs[slot]);
}

}  // namespace zinit
