// Waiting for pidfiles by inotify, and taking the pids in them.
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.hpp"
#include "os/inotify.hpp"
#include "os/process.hpp"
#include "watch/readiness_watch.hpp"

namespace zinit {

namespace {

// Some daemons write a pidfile before they go to the background, and again from there (cron).
constexpr Milliseconds kStaysInForeground{200};

}  // namespace

void ReadinessChecks::look_at_file(Watch& watch) {
  if (watch.process->stage() != CheckedProcess::Stage::alive) return;
  if (!watch.file_watched && !watch_file(watch)) again_.set(kTryAgain);
  take_pidfile(watch);
}

/// Has the kernel report changes in the nearest existing directory on the path to the pidfile.
bool ReadinessChecks::watch_file(Watch& watch) {
  if (!set_.open()) return false;
  if (!files_) {
    files_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!files_ || !set_.add(files_.get(), EPOLLIN, 0)) {
      files_.reset();
      return false;
    }
  }
  constexpr std::uint32_t events = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_MOVED_TO |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;
  std::string path = watch.channel->pidfile.path, below;
  while (true) {
    below = path;
    const auto slash = path.rfind('/');
    watch.file_name = path.substr(slash + 1);
    path.resize(slash);
    watch.file_watch = ::inotify_add_watch(files_.get(), path.empty() ? "/" : path.c_str(), events);
    if (watch.file_watch >= 0) break;
    if (errno != ENOENT || path.empty()) return false;
  }
  // If the missing part of the path was created before the watch was added: try again.
  if (below != watch.channel->pidfile.path && ::access(below.c_str(), F_OK) == 0) return false;
  return watch.file_watched = true;
}

void ReadinessChecks::forget_file(Watch& watch) {
  if (!std::exchange(watch.file_awaited, false)) return;
  const auto all = watches();
  const bool others = std::ranges::any_of(all, [](const auto& each) { return each->file_awaited; });
  if (others || !files_) return;
  set_.remove(files_.get());
  files_.reset();
}

/// Single inotify watches are never removed: all are closed when no pidfile is awaited any more.
void ReadinessChecks::on_files() {
  if (!files_) return;
  const std::vector<WatchPtr> all = watches();
  std::vector<WatchPtr> concerned;
  InotifyEvents events(files_.get());
  while (const inotify_event* event = events.next()) {
    const std::string_view name = InotifyEvents::name(*event);
    for (const WatchPtr& watch : all) {
      const bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
      if (!watch->file_awaited || (!lost && watch->file_watch != event->wd)) continue;
      if (!lost && !name.empty() && name != watch->file_name) continue;
      watch->file_watched = false;  // the nearest existing directory may have changed
      concerned.push_back(watch);
    }
  }
  for (const WatchPtr& watch : concerned)
    if (watch->file_awaited) look_at_file(*watch);
}

/// For a pidfile that names the process that was spawned: whether that process is the daemon
/// itself, and not about to exit because the daemon goes to the background.
bool ReadinessChecks::stays_in_foreground(Watch& watch) {
  const TimePoint now = Clock::now();
  if (watch.foreground_until == kNever) watch.foreground_until = after(now, kStaysInForeground);
  if (now < watch.foreground_until) {
    again_.set(kStaysInForeground);
    return false;
  }
  const auto stat = read_process_stat(watch.process->launched);
  return stat && !stat->zombie();
}

void ReadinessChecks::take_pidfile(Watch& watch) {
  const Channel& channel = *watch.channel;
  const auto pid = channel.pidfile.read();
  if (!pid) return;
  const CheckedProcess& process = *watch.process;
  UniqueFd pidfd = open_pidfd(*pid);
  if (!pidfd && errno != ENOSYS) return;  // it has ended
  const bool own =
      watch.owns(*pid) ||
      (process.cgroup.empty() && may_be_orphan_of(*pid, channel.ticks, process.spec()->name));
  if (!own) {
    return complain(watch, fmt::format("{} names process {}, which is not the service's: ignored",
                                       channel.pidfile.path, *pid));
  }
  if (*pid == process.launched && !stays_in_foreground(watch)) return;
  {
    MutexLock lock(watch.mutex);
    if (!make_main(watch, *pid, std::move(pidfd))) return;
  }
  forget_file(watch);
  board_->passed(process, CheckKind::readiness);
}

}  // namespace zinit
