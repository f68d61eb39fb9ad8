// Cgroups of services, as the board sees them: what is left in one, what is killed there, and who
// tells of its end.
//
// A cgroup is watched, by inotify on its cgroup.events, only while its last process is waited for:
// at rest there is nothing to be told. Its files are read and written under the lock, for they are
// the kernel's own and wait for no device; a process end costs one such read. Making and removing
// cgroups takes longer, and is done by the launcher's threads and the herald.
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>

#include "supervisor/core.hpp"

namespace zinit {

void BoardCore::note_cgroup(Job& job, Launch& launch) noexcept {
  const bool news = job.resource_faults != launch.resource_faults;
  job.resource_faults = std::move(launch.resource_faults);
  if (news) tell_resource_faults(job);
  if (!launch.cgroup) return;
  job.cgroup_made = true;
  if (launch.outcome.kind == LaunchOutcome::Kind::started) job.cgroup = true;
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

// Without room for one more watch the cgroup is looked at, as a group is.
void BoardCore::watch_cgroup(Job& job) noexcept {
  if (job.cgroup_watch >= 0 || !cgroup_watches_) return;
  int watch = -1;
  try {
    const std::string file = cgroup_path(job) + "/cgroup.events";
    watch = ::inotify_add_watch(cgroup_watches_.get(), file.c_str(), IN_MODIFY);
    if (watch >= 0) by_watch_[watch] = job.slot;
    job.cgroup_watch = watch;
  } catch (const std::bad_alloc&) {
    if (watch >= 0) ::inotify_rm_watch(cgroup_watches_.get(), watch);
  }
}

void BoardCore::unwatch_cgroup(Job& job) noexcept {
  if (job.cgroup_watch < 0) return;
  ::inotify_rm_watch(cgroup_watches_.get(), job.cgroup_watch);
  by_watch_.erase(std::exchange(job.cgroup_watch, -1));
}

void BoardCore::unit_changed(Job& job) noexcept {
  try {
    const Telling telling(*this);
    if (look_at_unit(job)) advance(job.slot);
  } catch (const std::exception&) {
    // Everybody looks again soon.
  }
}

void BoardCore::cgroup_emptied() {
  alignas(inotify_event) char buffer[4096];
  while (true) {
    const ssize_t got = ::read(cgroup_watches_.get(), buffer, sizeof buffer);
    if (got <= 0) return;
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof *event + event->len);
      const auto watched = by_watch_.find(event->wd);
      if (watched != by_watch_.end()) unit_changed(*jobs[watched->second]);
    }
  }
}

// A SIGKILL that was ours is none of the kernel's.
OutOfMemory BoardCore::out_of_memory(const Job& job, const ProcessEnd& end) const noexcept {
  const bool by_us = world.record(job.slot).stage == StopStage::killed;
  OutOfMemory found = OutOfMemory::no;
  if (end.by_signal && end.value == SIGKILL && !by_us)
    with_cgroup(job, [&](const Cgroup& cgroup) { found = cgroup.out_of_memory(); });
  return found;
}

// What the image before has left in the service's cgroup is the service's still.
void BoardCore::restore_cgroup(Job& job) {
  if (!cgroups_) return;
  const auto cgroup = Cgroup::open(cgroup_path(job));
  if (!cgroup) return;
  job.cgroup_made = true;
  job.cgroup = cgroup->populated();
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
    herald_wake_.notify_one();
  } catch (const std::bad_alloc&) {
    job.cgroup_made = true;
  }
}

void BoardCore::change_resources(Job& job) noexcept {
  if (!job.cgroup) return;
  try {
    changed_resources_.push_back(job.slot);
    herald_wake_.notify_one();
  } catch (const std::bad_alloc&) {
    say(LogLevel::warn, "resources are not changed: out of memory");
  }
}

bool BoardCore::tend_cgroups() {
  const Slots changed = std::exchange(changed_resources_, {});
  const std::vector<std::string> unused = std::exchange(unused_cgroups_, {});
  for (const Slot slot : changed) apply_changed_resources(slot);
  if (!unused.empty()) {
    without_lock([&] {
      for (const std::string& name : unused) cgroups_->remove(name);
    });
  }
  return !changed.empty() || !unused.empty();
}

void BoardCore::apply_changed_resources(Slot slot) {
  if (!world.graph->used(slot) || !jobs[slot]->cgroup) return;
  const SpecPtr spec = world.graph->node(slot).spec;
  std::vector<std::string> faults;
  without_lock([&] {
    if (const auto cgroup = Cgroup::open(cgroups_->path_of(spec->name)))
      faults = apply_resources(*cgroup, *spec->resources, true);
  });
  if (!world.graph->used(slot) || world.spec(slot).name != spec->name) return;
  jobs[slot]->resource_faults = std::move(faults);
  tell_resource_faults(*jobs[slot]);
}

}  // namespace zinit
