// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Waits for pidfiles by inotify, and takes the pids in them. See readiness.hpp.
//
// zinit watches the nearest directory that exists. A pidfile that has not changed since before the
// spawn is stale. A pidfile that is refused because of its links is read again every second. A pid
// in a changed one must be the service's, and a pidfd holds it before it is checked. An Offload
// reads the file: on a file system that hangs only its thread waits, two at most for each service,
// and others go on after 200 ms. The pid of the process that was spawned counts when the process
// has stayed for 200 ms: cron, for one, writes its pid before it goes to the background, and again
// there.
//
// When a main process that a pidfile has named ends, the end is noted in the record, and the file
// is read once more. Until then the service has no main process, as a daemon on its way to the
// background. It goes on with the process that the file names, or ends as noted. When the service
// rests, or before its next start, the job's thread removes a file that still names the ended
// process.
#include <sys/epoll.h>

#include <algorithm>

#include "base/format.hpp"
#include "os/inotify.hpp"
#include "os/process.hpp"
#include "watch/readiness_watch.hpp"

namespace zinit {

namespace {

// Some daemons write a pidfile before they go to the background, and again afterwards (cron).
constexpr Milliseconds kStaysInForeground{200};

}  // namespace

std::string ReadinessChecks::Written::fact() const {
  return fmt::format("{} {}{}{}", pid, path, root.empty() ? "" : "\n", root);
}

ReadinessChecks::Written ReadinessChecks::Written::of(std::string_view fact) {
  const auto blank = fact.find(' '), end = fact.find('\n');
  const auto pid = parse_pidfile(fact.substr(0, blank));
  if (!pid || blank > end || blank == fact.npos) return {};
  Written written{*pid, {}, std::string(fact.substr(blank + 1, end - blank - 1))};
  if (end != fact.npos) written.root = fact.substr(end + 1);
  return written;
}

/// Starts a look at the pidfile on another thread, because its file system may hang. One look at a
/// time for each process.
void ReadinessChecks::look_at_file(Watch& watch) {
  if (watch.process->stage() != CheckedProcess::Stage::alive) return;
  watch.file_changed = true;
  if (watch.file_look) return;
  auto look = std::make_shared<PidFileLook>();
  look->file = watch.channel->pidfile;
  if (open_files()) look->inotify = files_;
  watch.file_ticket = file_looks_.ask([look] { look->carry_out(); }, {watch.process->slot});
  watch.file_look = std::move(look);
  watch.file_changed = false;
}

bool ReadinessChecks::open_files() {
  if (files_) return true;
  if (!set_.open()) return false;
  auto files = std::make_shared<UniqueFd>(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!*files || !set_.add(files->get(), EPOLLIN, 0)) return false;
  files_ = std::move(files);
  return true;
}

/// Takes the results of finished looks.
void ReadinessChecks::on_looked() {
  for (const WatchPtr& watch : watches()) {
    if (!watch->file_look) continue;
    const auto outcome = file_looks_.outcome(watch->file_ticket);
    if (!outcome) continue;
    const auto look = std::exchange(watch->file_look, nullptr);
    if (!watch->file_awaited) continue;
    if (!*outcome) {  // too much hangs, or there is no thread
      watch->file_changed = true;
      again_.set_within(kTryAgain);
      continue;
    }
    const bool refused = !look->refused.empty();
    watch->file_watched = look->watched && !refused;
    watch->file_watch = look->watch;
    watch->file_name = look->name;
    watch->file_pid = look->pid;
    // The first time may be chance: a daemon may write another file, give it the pidfile's name by
    // link(2), and then remove the other name.
    if (std::exchange(watch->file_refused, refused) && refused)
      complain(*watch, fmt::format("ignored its pidfile: {}", look->refused));
    take_pidfile(*watch);
    if (!watch->file_awaited) continue;
    if (watch->file_changed) look_at_file(*watch);
    if (!watch->file_watched) again_.set_within(kTryAgain);
    give_up_late(*watch);
  }
}

/// The main process has ended: reads its pidfile once more, even if it was read before.
void ReadinessChecks::seek_successor(Watch& watch) {
  const bool sought = watch.process->successor_by() != kNever;
  if (std::exchange(watch.seeks, sought) == sought) return;
  if (!sought) return forget_file(watch);
  watch.file_awaited = watch.file_changed = true;
  watch.file_pid.reset();
}

/// Reports that no successor came in time, once the file was read after the end.
void ReadinessChecks::give_up_late(Watch& watch) {
  if (!watch.seeks || !watch.file_awaited || watch.file_look || watch.file_changed) return;
  const TimePoint by = watch.process->successor_by();
  if (by == kNever) return;
  if (const TimePoint now = Clock::now(); now < by)
    return again_.set_within(std::chrono::ceil<Milliseconds>(by - now));
  forget_file(watch);
  board_->no_successor(*watch.process);
}

void ReadinessChecks::forget_file(Watch& watch) {
  if (!std::exchange(watch.file_awaited, false)) return;
  const auto all = watches();
  const bool others = std::ranges::any_of(all, [](const auto& each) { return each->file_awaited; });
  if (others || !files_) return;
  set_.remove(files_->get());
  files_.reset();
}

/// inotify watches are never removed singly: all are closed when no pidfile is awaited.
void ReadinessChecks::on_files() {
  if (!files_) return;
  const std::vector<WatchPtr> all = watches();
  InotifyEvents events(files_->get());
  while (const inotify_event* event = events.next()) {
    const std::string_view name = InotifyEvents::name(*event);
    for (const WatchPtr& watch : all) {
      const bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
      // During a look the number of its watch is not known yet.
      const bool any = lost || watch->file_look;
      if (!watch->file_awaited || (!any && watch->file_watch != event->wd)) continue;
      if (!any && !name.empty() && name != watch->file_name) continue;
      watch->file_watched = false;  // the nearest existing directory may have changed
    }
  }
  for (const WatchPtr& watch : all)
    if (watch->file_awaited && !watch->file_watched) look_at_file(*watch);
}

/// For a pidfile that names the spawned process: whether this process is the daemon itself, and is
/// not about to exit because the daemon goes to the background.
bool ReadinessChecks::stays_in_foreground(Watch& watch) {
  const TimePoint now = Clock::now();
  if (watch.foreground_until == kNever) watch.foreground_until = after(now, kStaysInForeground);
  if (now < watch.foreground_until) {
    again_.set_within(kStaysInForeground);
    return false;
  }
  const auto stat = read_process_stat(watch.process->launched);
  return stat && !stat->zombie();
}

/// Takes the pid that was read last as the main process's, if it is the service's.
void ReadinessChecks::take_pidfile(Watch& watch) {
  const auto pid = watch.file_pid;
  if (!pid || watch.process->stage() != CheckedProcess::Stage::alive) return;
  const Channel& channel = *watch.channel;
  const CheckedProcess& process = *watch.process;
  UniqueFd pidfd = open_pidfd(*pid);
  if (!pidfd && errno != ENOSYS) return;  // the process has ended
  const auto stat = read_process_stat(*pid);
  if (!stat || stat->zombie()) return;
  if (!watch.owns(*pid)) {
    return complain(
        watch, fmt::format("ignored {}: it names process {}, which does not belong to the service",
                           channel.pidfile.shown(), *pid));
  }
  if (!watch.seeks && *pid == process.launched && !stays_in_foreground(watch)) return;
  {
    MutexLock lock(watch.mutex);
    if (!make_main(watch, *pid, std::move(pidfd))) return;
  }
  forget_file(watch);
  const Written written{*pid, channel.pidfile.root, channel.pidfile.path};
  note_written(process.slot, written);
  keep(watch, SlotFact::pidfile_of, written.fact());
  board_->passed(process, CheckKind::readiness);
}

}  // namespace zinit
