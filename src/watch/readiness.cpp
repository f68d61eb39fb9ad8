// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes the channels by which processes report, and listens to them. See readiness.hpp.
#include "watch/readiness.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "os/process.hpp"
#include "watch/readiness_watch.hpp"

namespace zinit {

namespace {

// Messages of one process handled before other processes have their turn.
constexpr int kMessagesATurn = 64;
constexpr Milliseconds kTurn{1};

// Limits the value read from net.unix.max_dgram_qlen, which is 10 on most machines.
constexpr int kLongestQueue = 4096;

// For looks at pidfiles. While one file system takes long, as one over a network may, other
// pidfiles are looked at. Two looks of a service may hang; its restarts add no more.
constexpr Offload::Limits kFileLooks{
    .name = "zinit-pidfile",
    .patience = Milliseconds{200},
    .most_hung = 64,
    .most_hung_of_owner = 2,
};

// The key of an event is 0 for inotify, else the address of the CheckedProcess. The lowest bit of
// the address is free: set means the main process's pidfd, clear means the channel.
constexpr std::uintptr_t kMainPidfd = 1;

EpollSet::Key key_of(const CheckedProcess& process) noexcept {
  return reinterpret_cast<std::uintptr_t>(&process);
}

/// How many messages the kernel queues at most for a datagram socket (unix(7)).
int queue_length() {
  constexpr std::size_t most = 32;
  const auto text = read_file("/proc/sys/net/unix/max_dgram_qlen", most);
  const auto length = text ? parse_integer(trim(*text)) : std::nullopt;
  if (!length || *length < 0 || *length >= kLongestQueue) return kLongestQueue;
  return static_cast<int>(*length) + 1;
}

/// How a process that is no child of zinit has ended. Unset once its parent has reaped it.
std::optional<ProcessEnd> end_of_zombie(pid_t pid) {
  const auto stat = read_process_stat(pid);
  if (!stat || !stat->zombie()) return std::nullopt;
  const int status = stat->exit_status;
  if (!WIFSIGNALED(status)) return ProcessEnd{.value = WEXITSTATUS(status)};
  return ProcessEnd{.by_signal = true, .value = WTERMSIG(status), .core = WCOREDUMP(status) != 0};
}

/// Of the pidfds that the previous process image noted for a service, the one of its main process
/// `pid`. A new main process is in the journal before its pidfd is noted (make_main()), so after a
/// crash in between, these are pidfds of earlier ones. If none is known to be the right one, takes
/// one that may be.
KeptFd pidfd_of_main(std::vector<KeptFd>& noted, pid_t pid) {
  if (pid == 0) return {};
  KeptFd ended;
  for (KeptFd& one : noted) {
    const auto its = pid_of(one.get());
    if (its == pid) return std::move(one);
    if (its.value_or(0) <= 0) ended = std::move(one);  // reaped, or unknown
  }
  if (is_own_child(pid)) return {};  // it is not reaped, so no noted one is its
  return ended;
}

}  // namespace

ReadinessChecks::ReadinessChecks(EventLoop& loop, std::string directory, StateFacts& facts)
    : loop_(loop),
      facts_(facts),
      sockets_(std::move(directory)),
      set_(loop, [this](EpollSet::Key key, std::uint32_t) { on_ready(key); }),
      look_(loop, [this] { look(); }),
      again_(loop, [this] { look(); }),
      files_looked_(loop, [this] { on_looked(); }),
      file_looks_(kFileLooks, [this] { files_looked_.ask(); }) {}

ReadinessChecks::~ReadinessChecks() { end(); }

void ReadinessChecks::end() {
  std::map<const CheckedProcess*, WatchPtr> watches;
  {
    MutexLock lock(mutex_);
    watches.swap(watches_);
  }
  watches.clear();
  sockets_.remove();  // empty by now
}

Result<void> ReadinessChecks::prepare(Slot slot, const ServiceSpec& spec, SpawnExtras& extras) {
  const auto& config = *spec.readiness;
  process_facts_.end(slot);
  if (!config.awaited()) return {};
  auto channel = std::make_shared<Channel>();
  channel->number = process_facts_.present(slot);
  channel->ticks = ticks_since_boot();
  channel->pidfile = PidFile::of(spec);
  process_facts_.keep(SlotFact::pidfile, slot, channel->number, channel->pidfile.fact());
  if (config.way.by == Notify::newline) {
    if (auto added = add_pipe(*channel, slot, config.way.fd, extras); !added) return added;
  } else if (config.way.by == Notify::systemd) {
    const bool rooted = !spec.process->root.empty();
    if (auto added = add_socket(*channel, slot, rooted, extras); !added) return added;
    if (config.watchdog > Milliseconds{0}) {
      extras.environment.push_back(fmt::format("WATCHDOG_USEC={}", config.watchdog.count() * 1000));
      extras.pid_variables.emplace_back("WATCHDOG_PID");
    }
    add_stored(*channel, slot, extras);
  }
  extras.parts.push_back(std::move(channel));
  return {};
}

Result<void> ReadinessChecks::add_pipe(Channel& channel, Slot slot, int as, SpawnExtras& extras) {
  auto pipe = make_pipe_to_read();
  if (!pipe) return Failure(pipe.error());
  channel.line = KeptFd(std::move(pipe->read), {KeptKind::ready_line, 0, slot});
  channel.line_end = std::move(pipe->write);
  extras.passed.push_back({channel.line_end.get(), as});
  return {};
}

/// `rooted`: the process has another root directory, and could not see a socket's path.
Result<void> ReadinessChecks::add_socket(Channel& channel, Slot slot, bool rooted,
                                         SpawnExtras& extras) {
  if (!rooted) {
    if (auto socket = sockets_.add_socket(extras.user)) channel.socket.emplace(std::move(*socket));
  }
  if (!channel.socket) {
    auto socket = NotifySocket::abstract();
    if (!socket) return Failure(socket.error());
    channel.socket.emplace(std::move(*socket));
  }
  channel.socket->keep(slot);
  channel.queue_length = queue_length();
  extras.environment.push_back("NOTIFY_SOCKET=" + channel.socket->address());
  return {};
}

void ReadinessChecks::add_stored(Channel& channel, Slot slot, SpawnExtras& extras) {
  channel.handed_over = stored_.of(slot);
  for (const auto& stored : channel.handed_over)
    extras.listen_fds.push_back({stored->fd.get(), stored->name});
}

void ReadinessChecks::keep(const Watch& watch, SlotFact what, std::string_view value) {
  process_facts_.keep(what, watch.process->slot, watch.channel->number, value);
}

void ReadinessChecks::keep_said(const Watch& watch) {
  keep(watch, SlotFact::said,
       fmt::format("{}\n{}\n{}", watch.watchdog.count(), watch.doing, watch.status));
}

void ReadinessChecks::rested(Slot slot) noexcept {
  stored_.clear(slot);
  catch_all("facts of a process", [&] { process_facts_.end(slot); });
}

/// Makes clean() remove the file once the process has ended.
void ReadinessChecks::note_written(Slot slot, Written written) {
  MutexLock lock(mutex_);
  written_[slot] = std::move(written);
}

bool ReadinessChecks::leaves_files(Slot slot) const {
  MutexLock lock(mutex_);
  return written_.contains(slot);
}

void ReadinessChecks::clean(Slot slot) noexcept {
  catch_all("removal of a pidfile", [&] {
    decltype(written_)::node_type written;
    {
      MutexLock lock(mutex_);
      written = written_.extract(slot);
    }
    if (!written) return;
    const auto& [pid, root, path] = written.mapped();
    if (const auto removed = remove_pidfile(root, path, pid); !removed)
      log_warn("{}; it names process {}, which has ended", removed.error().text, pid);
    facts_.keep(key_of(SlotFact::pidfile_of, slot), {});
  });
}

void ReadinessChecks::take_over(Inheritance& inherited, const FactMap& facts) {
  for (const auto& [kind, part] : {std::pair{KeptKind::notify_socket, &Left::socket},
                                   std::pair{KeptKind::ready_line, &Left::line}}) {
    for (Inheritance::One& one : inherited.take_all(kind))
      left_[one.note.slot].*part = std::move(one.fd);
  }
  for (Inheritance::One& one : inherited.take_all(KeptKind::main_process))
    left_[one.note.slot].main_processes.push_back(std::move(one.fd));
  process_facts_.take_over(facts);
  for (const auto& [what, part] :
       {std::pair{SlotFact::said, &Left::said}, std::pair{SlotFact::not_heard, &Left::not_heard},
        std::pair{SlotFact::pidfile, &Left::pidfile}})
    each_slot(facts, what,
              [&, part = part](Slot slot, const std::string& fact) { left_[slot].*part = fact; });
  each_slot(facts, SlotFact::pidfile_of, [&](Slot slot, const std::string& fact) {
    if (Written written = Written::of(fact); written.pid != 0)
      note_written(slot, std::move(written));
  });
  stored_.take_over(inherited, facts, [this](Slot slot) { return sender_of(slot); });
  // They go on counting for the service that has sent them, so that its bound stays a bound.
  for (Inheritance::One& one : inherited.take_all(KeptKind::unwanted))
    close_elsewhere(one.fd.release(), one.note.part == 1 ? sender_of(one.note.slot) : nullptr);
}

void ReadinessChecks::take_main(Slot slot, UniqueFd pidfd) {
  left_[slot].main_processes.emplace_back(std::move(pidfd),
                                          KeptNote{KeptKind::main_process, 0, slot});
}

bool ReadinessChecks::take_over(Slot slot, const ServiceSpec& spec, SpawnExtras& extras) {
  Left left;
  if (auto node = left_.extract(slot)) left = std::move(node.mapped());
  KeptFd main_process = pidfd_of_main(left.main_processes, extras.main_pid);
  if (!spec.readiness->awaited() && !main_process) return false;
  auto channel = std::make_shared<Channel>();
  channel->ticks = ticks_since_boot(extras.spawned_at);
  channel->pidfile = PidFile::as_kept(spec, left.pidfile);
  channel->number = process_facts_.present(slot);
  channel->said = std::move(left.said);
  channel->not_heard = parse_pidfile(left.not_heard).value_or(0);
  channel->line = std::move(left.line);
  // An earlier version kept it blocking, and the reaper reads it: see drain().
  if (channel->line) static_cast<void>(::fcntl(channel->line.get(), F_SETFL, O_NONBLOCK));
  channel->main_process = std::move(main_process);
  if (left.socket) {
    if (auto socket = NotifySocket::take_over(left.socket.release())) {
      channel->socket.emplace(std::move(*socket));
      channel->socket->keep(slot);
      channel->queue_length = queue_length();
      extras.environment.push_back("NOTIFY_SOCKET=" + channel->socket->address());
    }
  }
  const bool held = bool(channel->main_process);
  extras.parts.push_back(std::move(channel));
  return held;
}

void ReadinessChecks::watch(const CheckedProcessPtr& process) {
  auto channel = process->extras ? process->extras->part<Channel>() : nullptr;
  if (!channel) return;
  auto watch = std::make_shared<Watch>(process, std::move(channel), sender_of(process->slot));
  MutexLock lock(mutex_);
  watches_.emplace(process.get(), std::move(watch));
  look_.ask();
}

/// The token that counts the descriptors of a service, over all its processes.
Closer::Sender ReadinessChecks::sender_of(Slot slot) {
  MutexLock lock(mutex_);
  std::weak_ptr<const Slot>& known = senders_[slot];
  Closer::Sender sender = known.lock();
  if (!sender) known = sender = std::make_shared<const Slot>(slot);
  return sender;
}

ReadinessChecks::WatchPtr ReadinessChecks::find(const CheckedProcess* process) const {
  MutexLock lock(mutex_);
  const auto found = watches_.find(process);
  return found == watches_.end() ? nullptr : found->second;
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

/// Watches what the process's stage, main process and spec now require.
void ReadinessChecks::settle(const WatchPtr& watch) {
  const CheckedProcess& process = *watch->process;
  if (process.stage() == CheckedProcess::Stage::ended) {
    let_go(*watch);
    MutexLock lock(mutex_);
    watches_.erase(watch->process.get());
    return;
  }
  if (!watch->listened && !listen(*watch)) again_.set_within(kTryAgain);
  if (watch->watched_main != process.main_pid()) watch_main(*watch);
  seek_successor(*watch);
  if (watch->file_awaited) {
    take_pidfile(*watch);
    if (watch->file_awaited && (!watch->file_watched || watch->file_changed)) look_at_file(*watch);
    give_up_late(*watch);
  }
  if (process.stage() == CheckedProcess::Stage::alive) return arm_watchdog(watch);
  watch->timer.reset();
}

bool ReadinessChecks::listen(Watch& watch) {
  Channel& channel = *watch.channel;
  channel.line_end.reset();  // the process has its own copies
  channel.handed_over.clear();
  if (const pid_t pid = std::exchange(channel.not_heard, 0); pid != 0) {
    MutexLock lock(watch.mutex);
    note_not_heard(watch, pid);
  }
  if (!std::exchange(channel.said, {}).empty()) {
    MutexLock lock(watch.mutex);
    show_status(watch);
  }
  if (!set_.open()) return false;
  watch.listened = channel.fd() < 0 || set_.add(channel.fd(), EPOLLIN, key_of(*watch.process));
  return watch.listened;
}

void ReadinessChecks::let_go(Watch& watch) {
  if (watch.channel->fd() >= 0) set_.remove(watch.channel->fd());
  if (watch.main_pidfd) set_.remove(watch.main_pidfd.get());
  watch.main_pidfd.reset();
  watch.timer.reset();
  forget_file(watch);
}

void ReadinessChecks::on_ready(EpollSet::Key key) {
  if (key == 0) return on_files();
  const WatchPtr watch = find(reinterpret_cast<const CheckedProcess*>(key & ~kMainPidfd));
  if (!watch) return;
  if ((key & kMainPidfd) != 0) return on_main_end(*watch);
  if (!watch->channel->socket) return on_line(*watch);
  if (receive(*watch, kMessagesATurn, after(Clock::now(), kTurn))) return;
  set_.remove(watch->channel->fd());
  watch->listened = false;
  again_.set_within(kTryAgain);
}

void ReadinessChecks::on_main_end(Watch& watch) {
  set_.remove(watch.main_pidfd.get());
  watch.main_pidfd.reset();
  const pid_t gone = std::exchange(watch.watched_main, -1);
  (void)receive(watch, watch.channel->queue_length);
  board_->main_gone(*watch.process, gone, end_of_zombie(gone));
  watch.watched_main = gone;
}

/// Watches the main process by pidfd if zinit did not spawn it. Otherwise the reaper sees its end.
void ReadinessChecks::watch_main(Watch& watch) {
  if (watch.main_pidfd) set_.remove(watch.main_pidfd.get());
  watch.main_pidfd.reset();
  watch.watched_main = watch.process->main_pid();
  if (watch.watched_main == 0 || watch.watched_main == watch.process->launched) return;
  {
    MutexLock lock(watch.mutex);
    if (watch.next_main == watch.watched_main) watch.main_pidfd = std::move(watch.next_pidfd);
  }
  if (!watch.main_pidfd) watch.main_pidfd = watch.kept_main(open_pidfd(watch.watched_main));
  // No pidfd: the process is gone, there are no descriptors, or the kernel has no pidfds.
  if (!watch.main_pidfd && !process_exists(watch.watched_main))
    return board_->main_gone(*watch.process, watch.watched_main, {});
  if (watch.main_pidfd &&
      set_.add(watch.main_pidfd.get(), EPOLLIN, key_of(*watch.process) | kMainPidfd))
    return;
  watch.main_pidfd.reset();
  watch.watched_main = -1;  // no valid pid, so the next settle() tries again
  again_.set_within(kTryAgain);
}

/// Reads the descriptor for readiness.
/// @return  whether there was a newline; unset: the descriptor is closed, so no newline can come
std::optional<bool> ReadinessChecks::read_line(Watch& watch) {
  MutexLock lock(watch.mutex);
  if (!watch.channel->line) return false;
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(watch.channel->line.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (got <= 0) return std::nullopt;
  return std::find(buffer.begin(), buffer.begin() + got, '\n') != buffer.begin() + got;
}

/// A newline means ready.
void ReadinessChecks::on_line(Watch& watch) {
  const std::optional<bool> line = read_line(watch);
  if (line && !*line) return;
  set_.remove(watch.channel->line.get());
  {
    MutexLock lock(watch.mutex);
    watch.channel->line.reset();
  }
  if (line) return board_->passed(*watch.process, CheckKind::readiness);
  // Not a fault of a process that is being stopped: it closes the descriptor when it ends.
  if (!watch.process->running() && watch.process->stage() == CheckedProcess::Stage::alive)
    complain(watch, "closed its readiness descriptor without writing a newline");
}

/// Starts the watchdog's timer once the process is ready.
void ReadinessChecks::arm_watchdog(const WatchPtr& watch) {
  TimePoint due = kNever;
  bool changed = false;
  {
    MutexLock lock(watch->mutex);
    if (watch->watchdog == Milliseconds{0} || watch->watchdog_expired) return;
    if (!watch->ready && !watch->process->running()) return;
    if (watch->last_sign == TimePoint{}) watch->last_sign = Clock::now();
    changed = std::exchange(watch->watchdog_changed, false);
    due = after(watch->last_sign, watch->watchdog);
  }
  if (!watch->timer) {
    watch->timer =
        std::make_unique<TimerWatcher>(loop_, [this, weak = std::weak_ptr<Watch>(watch)] {
          if (const WatchPtr alive = weak.lock()) watchdog_due(alive);
        });
  }
  if (!watch->timer->active() || changed) watch->timer->set_at(due);
}

void ReadinessChecks::watchdog_due(const WatchPtr& watch) {
  (void)receive(*watch, kMessagesATurn);  // a sign of life may be among them
  const auto late = [&] {
    MutexLock lock(watch->mutex);
    // zinit was suspended, so the process may have been suspended too.
    if (watch->timer->late_by() > kWasSuspended) watch->last_sign = Clock::now();
    return Clock::now() >= after(watch->last_sign, watch->watchdog);
  };
  if (!late()) return arm_watchdog(watch);
  board_->watchdog_expired(*watch->process);
  MutexLock lock(watch->mutex);
  watch->watchdog_expired = true;
}

void ReadinessChecks::drain(const CheckedProcess& process) noexcept {
  catch_all("messages of a process", [&] {
    const WatchPtr last = find(&process);
    if (!last) return;
    (void)receive(*last, last->channel->queue_length);
    if (read_line(*last).value_or(false)) board_->passed(process, CheckKind::readiness);
  });
}

void ReadinessChecks::complain(Watch& watch, std::string_view what) {
  if (watch.complained.exchange(true)) return;
  log_warn("{}: {}; zinit logs no further complaint about this process",
           watch.process->spec()->name, what);
}

}  // namespace zinit
