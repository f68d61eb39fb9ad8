// What comes of a message over a notify socket.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kcmp.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/text.hpp"
#include "init/readiness_watch.hpp"
#include "io/notify_message.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

constexpr std::size_t kPidFileMax = 64;

// Of one process, that wait to be closed. Who sends more is not listened to meanwhile.
constexpr long kMostToClose = 1024;

constexpr std::string_view kUnnamed = "stored";  // as systemd calls them

/// Far below what a duration can be; the board bounds it further.
Milliseconds from_usec(std::uint64_t usec) {
  constexpr std::uint64_t most = std::uint64_t{1} << 40;
  return Milliseconds(static_cast<std::int64_t>(std::min(usec / 1000, most)));
}

/// Whether both are of one opening: kept once, however often they are sent.
bool same_file(int a, int b) {
  const auto self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

}  // namespace

PidFile PidFile::of(const ServiceSpec& spec) {
  PidFile file;
  file.rooted = !spec.process->root.empty();
  if (spec.readiness->pidfile.empty()) return file;
  file.path = spec.process->root + spec.readiness->pidfile;
  struct stat before {};
  if (::stat(file.path.c_str(), &before) < 0) return file;
  file.inode = before.st_ino;
  file.modified = before.st_mtim;
  file.size = before.st_size;
  return file;
}

std::optional<pid_t> PidFile::read() const {
  struct stat now {};
  if (::stat(path.c_str(), &now) < 0) return std::nullopt;
  if (size >= 0 && now.st_ino == inode && now.st_size == size &&
      now.st_mtim.tv_sec == modified.tv_sec && now.st_mtim.tv_nsec == modified.tv_nsec)
    return std::nullopt;
  const auto text = read_file(path.c_str(), kPidFileMax);
  if (!text) return std::nullopt;
  const auto pid = parse_integer(trim(std::string_view(*text).substr(0, text->find('\n'))));
  if (!pid || *pid <= 1 || *pid > std::numeric_limits<pid_t>::max()) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

bool ReadinessChecks::Watch::owns(pid_t pid) const {
  if (pid <= 1 || pid == ::getpid()) return false;
  if (pid == process->main_pid()) return true;
  if (!process->cgroup.empty()) return in_cgroup(pid, process->cgroup).value_or(false);
  return descends_from(pid, process->launched) ||
         (process->main_pid() != 0 && descends_from(pid, process->main_pid()));
}

FileId FileId::of(int fd) noexcept {
  struct statx file {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &file) < 0) return {};
  return {file.stx_ino, file.stx_dev_major, file.stx_dev_minor};
}

/// Returns whether more may be received.
bool ReadinessChecks::receive(Watch& watch, int most) {
  if (!watch.gear->socket) return true;
  MutexLock lock(watch.mutex);
  for (int i = 0; i < most; ++i) {
    if (watch.sender.use_count() > kMostToClose) return false;
    struct Received : Datagram {
      explicit Received(ReadinessChecks& by, const Watch& from) : closer(*by.closer_), of(from) {}
      ~Received() {
        for (UniqueFd& fd : fds) closer.close(std::move(fd), of.sender);
      }
      Closer& closer;
      const Watch& of;
    } datagram(*this, watch);
    if (!watch.gear->socket->receive(watch.buffer, datagram)) return true;
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
    return complain(watch,
                    fmt::format("a message of process {} is longer than {} bytes or has lost "
                                "descriptors: ignored",
                                datagram.sender, kNotifyMessageMax));
  }
  if (!may_speak(watch, datagram.sender)) {
    return complain(watch, fmt::format("a message of process {} is ignored, for notify_access does "
                                       "not let it speak",
                                       datagram.sender));
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
  if (message.ready) {
    watch.doing.clear();
    if (!watch.ready) {
      board_->passed(process, CheckKind::readiness);
      watch.ready = true;  // not before: that may lack memory, and READY=1 come once more
      watch.last_sign = Clock::now();
      look_.ask();  // its watchdog counts from now on
    }
  }
  if (message.status) watch.status = *message.status;
  if (message.status || message.ready || message.reloading || message.stopping) show_status(watch);
  if (process.stage() == CheckedProcess::Stage::ended) return;
  if (message.remove && !message.fd_name.empty()) forget_stored(process.slot, message.fd_name);
  if (message.store) store(watch, message.fd_name, datagram.fds);
}

void ReadinessChecks::show_status(Watch& watch) {
  std::string text = watch.doing;
  if (!text.empty() && !watch.status.empty()) text += ": ";
  text += watch.status;
  board_->status_text(*watch.process, std::move(text));
}

/// Held by its pidfd before it is looked at: who is the service's then is the one that is meant.
void ReadinessChecks::change_main(Watch& watch, pid_t pid) {
  if (pid == watch.process->main_pid()) return;
  UniqueFd pidfd = open_pidfd(pid);
  const bool there = pidfd || errno == ENOSYS;
  if (there && watch.owns(pid) && make_main(watch, pid, std::move(pidfd))) return;
  complain(watch, fmt::format("MAINPID={} is refused: it is no process of the service", pid));
}

/// What held it while it was looked at is what it is watched by. With the watch's lock.
bool ReadinessChecks::make_main(Watch& watch, pid_t pid, UniqueFd pidfd) {
  UniqueFd held(pidfd ? ::fcntl(pidfd.get(), F_DUPFD_CLOEXEC, 0) : -1);
  if (!board_->main_changed(*watch.process, pid, std::move(pidfd))) return false;
  watch.next_main = pid;
  watch.next_pidfd = std::move(held);
  return true;
}

void ReadinessChecks::forget_stored(Slot slot, const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = stored_.find(slot);
  if (found == stored_.end()) return;
  std::erase_if(found->second, [&](const auto& kept) { return kept->name == name; });
}

/// They are compared without the lock, which the board waits for.
void ReadinessChecks::store(Watch& watch, const std::string& name, std::vector<UniqueFd>& fds) {
  const std::size_t most = watch.process->spec()->readiness->fdstore_max;
  const Slot slot = watch.process->slot;
  Stored kept;
  {
    MutexLock lock(mutex_);
    const auto found = stored_.find(slot);
    if (found != stored_.end()) kept = found->second;
  }
  std::size_t refused = 0;
  for (UniqueFd& fd : fds) {
    const FileId id = FileId::of(fd.get());
    const bool known = std::ranges::any_of(kept, [&](const auto& other) {
      return other->id == id && same_file(other->fd.get(), fd.get());
    });
    if (known) continue;
    if (kept.size() >= most)
      ++refused;
    else
      kept.push_back(std::make_shared<StoredFd>(name.empty() ? std::string(kUnnamed) : name,
                                                std::move(fd), id, closer_));
  }
  {
    MutexLock lock(mutex_);
    if (watch.process->stage() == CheckedProcess::Stage::ended) return;
    stored_[slot].swap(kept);
  }
  if (refused > 0) {
    complain(watch,
             fmt::format("{} descriptors are not kept, for fdstore_max is {}", refused, most));
  }
}

}  // namespace zinit
