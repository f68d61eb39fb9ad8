// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Handles the messages of notify sockets. See readiness.hpp.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "io/notify_message.hpp"
#include "os/process.hpp"
#include "state/disposal.hpp"
#include "watch/readiness_watch.hpp"

namespace zinit {

namespace {

// Reading a service's messages stops while this many of its descriptors wait to be closed. If the
// limit of descriptors is low, it is a part of the limit: other services need some too.
constexpr long kMostToClose = 1024;
constexpr rlim_t kPartOfLimit = 16;

long most_to_close() noexcept {
  static const long most = [] {
    rlimit limit{};
    static_cast<void>(::getrlimit(RLIMIT_NOFILE, &limit));  // cannot fail
    return static_cast<long>(std::min<rlim_t>(kMostToClose, limit.rlim_cur / kPartOfLimit));
  }();
  return most;
}

/// Limited so that a Milliseconds cannot overflow. The board limits it further.
Milliseconds from_usec(std::uint64_t usec) {
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  return Milliseconds(static_cast<std::int64_t>(std::min(usec / 1000, most)));
}

}  // namespace

bool ReadinessChecks::Watch::owns(pid_t pid) const {
  if (pid <= 1 || pid == ::getpid()) return false;
  if (pid == process->main_pid()) return true;
  if (!process->cgroup.empty()) return in_cgroup(pid, process->cgroup).value_or(false);
  const auto now = start_of(process->launched);
  const bool reused = now && now != launched_at;
  return (!reused && descends_from(pid, process->launched)) ||
         (process->main_pid() != 0 && descends_from(pid, process->main_pid())) ||
         may_be_orphan_of(pid, channel->ticks, process->spec()->name,
                          process->extras ? process->extras->user : std::nullopt);
}

std::optional<std::uint64_t> ReadinessChecks::Watch::start_of(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat) return std::nullopt;
  return stat->start_ticks;
}

/// Takes the descriptors of the message that was just peeked at. zinit receives them in two cases:
/// the sender may have them stored; or there is no process to discard them, and the message must be
/// heard nevertheless.
/// @return  false: not possible now
bool ReadinessChecks::take_descriptors(Watch& watch, Datagram& datagram) {
  NotifySocket& socket = *watch.channel->socket;
  const bool speaks = may_speak(watch, datagram.sender.pid);
  const bool stores = speaks && datagram.whole &&
                      watch.process->spec()->readiness->fdstore_max > 0 &&
                      parse_notify_message(datagram.text).store;
  if (!stores && discard_datagram(socket.fd())) return true;
  return speaks && socket.take(watch.buffer, datagram);
}

bool ReadinessChecks::too_much_to_close(const Watch& watch) const {
  const long sent = watch.sender.use_count();
  if (sent <= most_to_close()) return false;
  return sent - static_cast<long>(stored_.count(watch.process->slot)) > most_to_close();
}

/// Handles at most `most` messages, and starts none after `until`.
/// @return  false if too many descriptors wait to be closed: stop listening for a while
bool ReadinessChecks::receive(Watch& watch, int most, TimePoint until) {
  if (!watch.channel->socket) return true;
  MutexLock lock(watch.mutex);
  for (int i = 0; i < most && Clock::now() < until; ++i) {
    if (too_much_to_close(watch)) {
      closer_->try_again();
      return false;
    }
    struct Own : Datagram {
      explicit Own(ReadinessChecks& by, const Watch& from) : closer(*by.closer_), of(from) {}
      ~Own() {
        for (UniqueFd& fd : fds) closer.close(std::move(fd), of.sender);
      }
      Closer& closer;
      const Watch& of;
    } datagram(*this, watch);
    switch (watch.channel->socket->receive(watch.buffer, datagram)) {
      case Received::nothing: return true;
      case Received::datagram: break;
      case Received::with_descriptors:
        if (!take_descriptors(watch, datagram)) return false;
    }
    handle(watch, datagram);
  }
  return true;
}

bool ReadinessChecks::may_speak(const Watch& watch, pid_t sender) const {
  if (sender <= 1) return false;
  if (sender == watch.process->main_pid()) return true;
  return watch.process->spec()->readiness->notify_access == NotifyAccess::all && watch.owns(sender);
}

void ReadinessChecks::handle(Watch& watch, Datagram& datagram) {
  if (!datagram.whole) {
    return complain(
        watch,
        fmt::format(
            "ignored a message of process {}: it is longer than {} bytes, or descriptors were lost",
            datagram.sender.pid, kNotifyMessageMax));
  }
  if (!may_speak(watch, datagram.sender.pid)) {
    if (parse_notify_message(datagram.text).ready && watch.owns(datagram.sender.pid))
      note_not_heard(watch, datagram.sender.pid);
    return complain(
        watch,
        fmt::format("ignored a message of process {}: notify_access does not allow its messages",
                    datagram.sender.pid));
  }
  const NotifyMessage message = parse_notify_message(datagram.text);
  const CheckedProcess& process = *watch.process;
  if (message.main_pid) change_main(watch, *message.main_pid);
  if (message.extend_usec) board_->extend(process, from_usec(*message.extend_usec));
  if (message.watchdog_usec && watch.watchdog > Milliseconds{0}) {
    watch.watchdog = std::max(from_usec(*message.watchdog_usec), Milliseconds{1});
    watch.watchdog_changed = true;
    look_.ask();
  }
  if (message.alive && watch.last_sign != TimePoint{}) watch.last_sign = Clock::now();
  if (message.trigger && watch.watchdog > Milliseconds{0}) board_->watchdog_expired(process);
  if (message.reloading) watch.doing = "reloading";
  if (message.stopping) watch.doing = "stopping";
  if (message.ready) watch.doing.clear();
  if (message.status) watch.status = *message.status;
  // Before passed(): a client that waits for readiness sees the text of the same message.
  if (message.status || message.ready || message.reloading || message.stopping) show_status(watch);
  if (message.watchdog_usec || message.status || message.ready || message.reloading ||
      message.stopping)
    keep_said(watch);
  if (message.ready && !watch.ready) {
    watch.ready = true;
    board_->passed(process, CheckKind::readiness);
    watch.last_sign = Clock::now();
    look_.ask();  // arms the watchdog
  }
  if (process.stage() == CheckedProcess::Stage::ended) return;
  if (message.remove && !message.fd_name.empty()) stored_.remove(process.slot, message.fd_name);
  if (!message.store) return;
  if (const auto refused = stored_.add(process, message.fd_name, datagram.fds, watch.sender);
      refused > 0) {
    complain(watch, fmt::format("did not store {} descriptors: fdstore_max is {}", refused,
                                process.spec()->readiness->fdstore_max));
  }
}

void ReadinessChecks::note_not_heard(Watch& watch, pid_t pid) {
  if (watch.not_heard == pid) return;
  watch.not_heard = pid;
  board_->not_heard(*watch.process, pid);
  keep(watch, SlotFact::not_heard, std::to_string(pid));
}

void ReadinessChecks::show_status(Watch& watch) {
  std::string text = watch.doing;
  if (!text.empty() && !watch.status.empty()) text += ": ";
  text += watch.status;
  board_->status_text(*watch.process, std::move(text));
}

/// Opens the pidfd before checking whose process it is, so that the pid is not reused in between.
void ReadinessChecks::change_main(Watch& watch, pid_t pid) {
  if (pid == watch.process->main_pid()) return;
  UniqueFd pidfd = open_pidfd(pid);
  const bool there = pidfd || errno == ENOSYS;
  if (there && watch.owns(pid) && make_main(watch, pid, std::move(pidfd))) return;
  complain(watch,
           fmt::format("refused MAINPID={0}: process {0} does not belong to the service", pid));
}

/// Makes `pid` the main process, and watches it by a copy of `pidfd`, which was opened before the
/// process was checked. Call with the watch's mutex held. The journal has the new pid first, so
/// that the next process image recognizes the pidfd of an earlier one (pidfd_of_main()).
bool ReadinessChecks::make_main(Watch& watch, pid_t pid, UniqueFd pidfd) {
  UniqueFd held(pidfd ? ::fcntl(pidfd.get(), F_DUPFD_CLOEXEC, 0) : -1);
  if (!board_->main_changed(*watch.process, pid, std::move(pidfd))) return false;
  kill_point("main.stored");
  watch.next_main = pid;
  watch.next_pidfd = watch.kept_main(std::move(held));
  return true;
}

}  // namespace zinit
