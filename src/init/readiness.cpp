// Processes that say something of themselves: what they are made with, and who listens.
#include "init/readiness.hpp"

#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "init/readiness_watch.hpp"
#include "os/inotify.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

constexpr int kFirstListenFd = 3;  // sd_listen_fds(3)
constexpr Milliseconds kTryAgain{1000};

// Some daemons write their pid before they go to the background, and once more there (cron).
constexpr Milliseconds kStaysInFront{200};
constexpr std::size_t kEventsATurn = 64;

// Of one process's messages, before others have their turn. A queue of the kernel holds some ten of
// them, or what net.unix.max_dgram_qlen says.
constexpr int kMessagesATurn = 64;
constexpr int kLongestQueue = 4096;

// What an event is of: a CheckedProcess, whose lowest bit is free.
constexpr std::uintptr_t kMainPidfd = 1;

/// How many messages wait in a socket at most (unix(7)).
int queue_length() {
  constexpr std::size_t most = 32;
  const auto text = read_file("/proc/sys/net/unix/max_dgram_qlen", most);
  const auto length = text ? parse_integer(trim(*text)) : std::nullopt;
  if (!length || *length < 0 || *length >= kLongestQueue) return kLongestQueue;
  return static_cast<int>(*length) + 1;
}

/// How a process of another parent has ended, if that has not waited for it yet: /proc tells.
std::optional<ProcessEnd> end_of_zombie(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat || !stat->zombie()) return std::nullopt;
  const int status = stat->exit_status;
  if (!WIFSIGNALED(status)) return ProcessEnd{.value = WEXITSTATUS(status)};
  return ProcessEnd{.by_signal = true, .value = WTERMSIG(status), .core = WCOREDUMP(status) != 0};
}

}  // namespace

ReadinessChecks::ReadinessChecks(EventLoop& loop, std::string directory)
    : loop_(loop),
      sockets_(std::move(directory)),
      set_(::epoll_create1(EPOLL_CLOEXEC)),
      look_(loop, [this] { look(); }),
      again_(loop, [this] { look(); }) {}

ReadinessChecks::~ReadinessChecks() {
  std::map<const CheckedProcess*, WatchPtr> watches;
  {
    MutexLock lock(mutex_);
    watches.swap(watches_);
  }
}

Result<CheckGearPtr> ReadinessChecks::prepare(Slot slot, const ServiceSpec& spec) {
  const auto& config = *spec.readiness;
  if (!config.awaited()) return CheckGearPtr();
  auto gear = std::make_shared<Gear>();
  gear->ticks = ticks_since_boot();
  gear->pidfile = PidFile::of(spec);
  if (config.way.by == Notify::newline) {
    if (auto added = add_pipe(*gear, config.way.fd); !added) return Failure(added.error());
  } else if (config.way.by == Notify::systemd) {
    if (auto added = add_socket(*gear); !added) return Failure(added.error());
    if (config.watchdog > Milliseconds{0}) {
      gear->environment.push_back(fmt::format("WATCHDOG_USEC={}", config.watchdog.count() * 1000));
      gear->pid_variables.emplace_back("WATCHDOG_PID");
    }
    add_stored(*gear, slot);
  }
  return CheckGearPtr(std::move(gear));
}

Result<void> ReadinessChecks::add_pipe(Gear& gear, int as) {
  auto pipe = make_pipe();
  if (!pipe) return Failure(pipe.error());
  gear.line = std::move(pipe->read);
  gear.line_end = std::move(pipe->write);
  gear.passed.push_back({gear.line_end.get(), as});
  return {};
}

/// A path is not seen from another root directory.
Result<void> ReadinessChecks::add_socket(Gear& gear) {
  if (!gear.pidfile.rooted) {
    if (auto socket = sockets_.add_socket()) gear.socket.emplace(std::move(*socket));
  }
  if (!gear.socket) {
    auto socket = NotifySocket::abstract();
    if (!socket) return Failure(socket.error());
    gear.socket.emplace(std::move(*socket));
  }
  gear.queue = queue_length();
  gear.environment.push_back("NOTIFY_SOCKET=" + gear.socket->address());
  return {};
}

void ReadinessChecks::add_stored(Gear& gear, Slot slot) {
  {
    MutexLock lock(mutex_);
    const auto found = stored_.find(slot);
    if (found != stored_.end()) gear.handed_back = found->second;
  }
  if (gear.handed_back.empty()) return;
  std::string names;
  int as = kFirstListenFd;
  for (const auto& stored : gear.handed_back) {
    names += (names.empty() ? "" : ":") + stored->name;
    gear.passed.push_back({stored->fd.get(), as++});
  }
  gear.environment.push_back(fmt::format("LISTEN_FDS={}", gear.handed_back.size()));
  gear.environment.push_back("LISTEN_FDNAMES=" + names);
  gear.pid_variables.emplace_back("LISTEN_PID");
}

void ReadinessChecks::watch(const CheckedProcessPtr& process) {
  if (!process->gear) return;
  auto watch = std::make_shared<Watch>(process, std::static_pointer_cast<Gear>(process->gear));
  MutexLock lock(mutex_);
  watches_.emplace(process.get(), std::move(watch));
  look_.ask();
}

void ReadinessChecks::rested(Slot slot) noexcept {
  std::map<Slot, Stored>::node_type gone;  // goes without the lock
  MutexLock lock(mutex_);
  gone = stored_.extract(slot);
}

std::vector<ReadinessChecks::WatchPtr> ReadinessChecks::watches() const {
  MutexLock lock(mutex_);
  std::vector<WatchPtr> all;
  all.reserve(watches_.size());
  for (const auto& [key, watch] : watches_) all.push_back(watch);
  return all;
}

void ReadinessChecks::look() {
  for (const WatchPtr& watch : watches()) settle(watch);
}

/// Does what its process's stage asks for.
void ReadinessChecks::settle(const WatchPtr& watch) {
  const CheckedProcess& process = *watch->process;
  if (process.stage() == CheckedProcess::Stage::ended) {
    let_go(*watch);
    MutexLock lock(mutex_);
    watches_.erase(watch->process.get());
    return;
  }
  if (!watch->listened && !listen(*watch)) again_.set(kTryAgain);
  if (watch->watched_main != process.main_pid()) watch_main(*watch);
  if (watch->file_awaited) look_at_file(*watch);
  if (process.stage() == CheckedProcess::Stage::alive) return arm(watch);
  watch->timer.reset();
}

bool ReadinessChecks::make_set() {
  if (!set_) set_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!set_) return false;
  if (ready_) return true;
  ready_ = std::make_unique<IoWatcher>(loop_, set_.get(), EV_READ, [this](int) { on_ready(); });
  ready_->start();
  return true;
}

bool ReadinessChecks::listen(Watch& watch) {
  Gear& gear = *watch.gear;
  gear.line_end.reset();  // the process has its own
  gear.handed_back.clear();
  const int fd = gear.socket ? gear.socket->fd() : gear.line.get();
  if (!make_set()) return false;
  if (fd < 0) return watch.listened = true;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = reinterpret_cast<std::uintptr_t>(watch.process.get());
  watch.listened = ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  return watch.listened;
}

/// Out of the set before it is closed, for a process that is being spawned just now has a copy.
void ReadinessChecks::let_go(Watch& watch) {
  const Gear& gear = *watch.gear;
  const int fd = gear.socket ? gear.socket->fd() : gear.line.get();
  if (watch.listened && fd >= 0) ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, fd, nullptr);
  if (watch.main_pidfd) ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, watch.main_pidfd.get(), nullptr);
  watch.main_pidfd.reset();
  watch.timer.reset();
  forget_file(watch);
}

void ReadinessChecks::on_ready() {
  std::array<epoll_event, kEventsATurn> events;
  const int count = ::epoll_wait(set_.get(), events.data(), kEventsATurn, 0);
  for (int i = 0; i < count; ++i) {
    const auto data = static_cast<std::uintptr_t>(events[std::size_t(i)].data.u64);
    if (data == 0) {
      on_files();
      continue;
    }
    const auto* key = reinterpret_cast<const CheckedProcess*>(data & ~kMainPidfd);
    WatchPtr watch;
    {
      MutexLock lock(mutex_);
      const auto found = watches_.find(key);
      if (found == watches_.end()) continue;  // one before it in this turn has let it go
      watch = found->second;
    }
    if ((data & kMainPidfd) != 0) {
      ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, watch->main_pidfd.get(), nullptr);
      watch->main_pidfd.reset();
      const pid_t gone = std::exchange(watch->watched_main, -1);
      again_.set(kTryAgain);  // another look, where there is no memory for what follows
      (void)receive(*watch, watch->gear->queue);
      board_->main_gone(*watch->process, gone, end_of_zombie(gone));
      watch->watched_main = gone;
    } else if (watch->gear->socket) {
      if (receive(*watch, kMessagesATurn)) continue;
      ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, watch->gear->socket->fd(), nullptr);
      watch->listened = false;
      again_.set(kTryAgain);
    } else {
      read_line(*watch);
    }
  }
}

/// The end of the process that was spawned is the reaper's to see, and of others as well where they
/// are zinit's children by then.
void ReadinessChecks::watch_main(Watch& watch) {
  if (watch.main_pidfd) ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, watch.main_pidfd.get(), nullptr);
  watch.main_pidfd.reset();
  watch.watched_main = watch.process->main_pid();
  if (watch.watched_main == 0 || watch.watched_main == watch.process->launched || !set_) return;
  {
    MutexLock lock(watch.mutex);
    if (watch.next_main == watch.watched_main) watch.main_pidfd = std::move(watch.next_pidfd);
  }
  if (!watch.main_pidfd) watch.main_pidfd = open_pidfd(watch.watched_main);
  // Where there can be no pidfd, now or ever, it is looked for by its number.
  if (!watch.main_pidfd && !process_exists(watch.watched_main))
    return board_->main_gone(*watch.process, watch.watched_main, {});
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = reinterpret_cast<std::uintptr_t>(watch.process.get()) | kMainPidfd;
  if (watch.main_pidfd &&
      ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, watch.main_pidfd.get(), &event) == 0)
    return;
  watch.main_pidfd.reset();
  watch.watched_main = -1;  // another look
  again_.set(kTryAgain);
}

/// A newline, and the process is ready. At the end of the file it never will be, by this way.
void ReadinessChecks::read_line(Watch& watch) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(watch.gear->line.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const bool line =
      got > 0 && std::find(buffer.begin(), buffer.begin() + got, '\n') != buffer.begin() + got;
  if (got > 0 && !line) return;
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, watch.gear->line.get(), nullptr);
  watch.gear->line.reset();
  if (line) return board_->passed(*watch.process, CheckKind::readiness);
  // Where it is being stopped it was not the process's choice.
  if (!watch.process->running() && watch.process->stage() == CheckedProcess::Stage::alive)
    complain(watch, "has closed its descriptor for readiness without a newline");
}

/// From when it is ready on, a process has to give signs of life.
void ReadinessChecks::arm(const WatchPtr& watch) {
  Milliseconds due{0};
  bool anew = false;
  {
    MutexLock lock(watch->mutex);
    if (watch->watchdog == Milliseconds{0} || watch->bitten) return;
    if (!watch->ready && !watch->process->running()) return;
    if (watch->last_sign == TimePoint{}) watch->last_sign = Clock::now();
    anew = std::exchange(watch->watchdog_changed, false);
    due = Milliseconds(ms_between(Clock::now(), after(watch->last_sign, watch->watchdog)) + 1);
  }
  if (!watch->timer) {
    watch->timer =
        std::make_unique<TimerWatcher>(loop_, [this, weak = std::weak_ptr<Watch>(watch)] {
          if (const WatchPtr alive = weak.lock()) watchdog_due(alive);
        });
  }
  if (!watch->timer->active() || anew) watch->timer->set(due);
}

void ReadinessChecks::watchdog_due(const WatchPtr& watch) {
  (void)receive(*watch, kMessagesATurn);  // one that waits here is one that has been given
  const auto late = [&] {
    MutexLock lock(watch->mutex);
    // The process may have stood still as well.
    if (watch->timer->late_by() > kStoodStill) watch->last_sign = Clock::now();
    return Clock::now() >= after(watch->last_sign, watch->watchdog);
  };
  if (!late()) return arm(watch);
  watch->timer->set(kTryAgain);  // what follows may lack memory
  board_->watchdog_expired(*watch->process);
  {
    MutexLock lock(watch->mutex);
    watch->bitten = true;
  }
  watch->timer->stop();
}

void ReadinessChecks::drain(const CheckedProcess& process) noexcept {
  catch_all("messages of a process that has ended", [&] {
    WatchPtr last;
    {
      MutexLock lock(mutex_);
      const auto found = watches_.find(&process);
      if (found != watches_.end()) last = found->second;
    }
    if (last) (void)receive(*last, last->gear->queue);
  });
}

void ReadinessChecks::complain(Watch& watch, std::string_view what) {
  if (watch.complained.exchange(true)) return;
  log_warn("{}: {}; more of that is not told of this process", watch.process->spec()->name, what);
}

// --- pidfiles ---

void ReadinessChecks::look_at_file(Watch& watch) {
  if (watch.process->stage() != CheckedProcess::Stage::alive) return;
  if (!watch.file_watched && !watch_file(watch)) again_.set(kTryAgain);
  take_pidfile(watch);
}

/// Has the kernel tell of changes where the file is, or is to be: of the nearest directory that is
/// there.
bool ReadinessChecks::watch_file(Watch& watch) {
  if (!make_set()) return false;
  if (!files_) {
    files_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = 0;
    if (!files_ || ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, files_.get(), &event) < 0) {
      files_.reset();
      return false;
    }
  }
  constexpr std::uint32_t events = IN_CLOSE_WRITE | IN_MODIFY | IN_CREATE | IN_MOVED_TO |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB;
  std::string path = watch.gear->pidfile.path, below;
  while (true) {
    below = path;
    const auto slash = path.rfind('/');
    watch.file_name = path.substr(slash + 1);
    path.resize(slash);
    watch.file_watch = ::inotify_add_watch(files_.get(), path.empty() ? "/" : path.c_str(), events);
    if (watch.file_watch >= 0) break;
    if (errno != ENOENT || path.empty()) return false;
  }
  // What was missing may have come before it was watched for: then once more, from below.
  if (below != watch.gear->pidfile.path && ::access(below.c_str(), F_OK) == 0) return false;
  return watch.file_watched = true;
}

void ReadinessChecks::forget_file(Watch& watch) {
  if (!std::exchange(watch.file_awaited, false)) return;
  const auto all = watches();
  const bool others = std::ranges::any_of(all, [](const auto& each) { return each->file_awaited; });
  if (others || !files_) return;
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, files_.get(), nullptr);
  files_.reset();
}

/// Watches are taken back all at once, when no pidfile is awaited any more.
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
      watch->file_watched = false;  // it may be another directory's turn
      concerned.push_back(watch);
    }
  }
  for (const WatchPtr& watch : concerned)
    if (watch->file_awaited) look_at_file(*watch);
}

/// Whether the process that was spawned, which the file names, is the daemon itself.
bool ReadinessChecks::stays_in_front(Watch& watch) {
  const TimePoint now = Clock::now();
  if (watch.in_front_from == kNever) watch.in_front_from = after(now, kStaysInFront);
  if (now < watch.in_front_from) {
    again_.set(kStaysInFront);
    return false;
  }
  const auto stat = read_process_stat(watch.process->launched);
  return stat && !stat->zombie();
}

void ReadinessChecks::take_pidfile(Watch& watch) {
  const Gear& gear = *watch.gear;
  const auto pid = gear.pidfile.read();
  if (!pid) return;
  const CheckedProcess& process = *watch.process;
  UniqueFd pidfd = open_pidfd(*pid);
  if (!pidfd && errno != ENOSYS) return;  // not there any more
  const bool own = watch.owns(*pid) || (process.cgroup.empty() &&
                                        may_be_orphan_of(*pid, gear.ticks, process.spec()->name));
  if (!own) {
    return complain(watch, fmt::format("{} names process {}, which is not the service's: ignored",
                                       gear.pidfile.path, *pid));
  }
  if (*pid == process.launched && !stays_in_front(watch)) return;
  {
    MutexLock lock(watch.mutex);
    if (!make_main(watch, *pid, std::move(pidfd))) return;
  }
  forget_file(watch);
  board_->passed(process, CheckKind::readiness);
}

}  // namespace zinit
