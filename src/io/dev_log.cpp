// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Binds, reads and gives up /dev/log. See dev_log.hpp.
#include "io/dev_log.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "base/unix_address.hpp"
#include "io/datagram_socket.hpp"
#include "os/inotify.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

// Large: messages can wait while the loop is busy.
constexpr int kReceiveBytes = 1 << 20;

// The pause after a message with descriptors could not be discarded.
constexpr Milliseconds kAgain{1000};

// The most messages to read before a socket is closed. Above the kernel's usual queue
// (net.unix.max_dgram_qlen), but limited: a busy sender must not keep the socket open.
constexpr int kMostWaiting = 4096;

constexpr std::string_view kFact = "dev_log";

/// Whether a process has the socket at `path` open. Also true if this cannot be determined.
bool has_owner(const std::string& path) {
  const int errnum = try_datagram_socket(path);
  return errnum != ECONNREFUSED && errnum != ENOENT;
}

/// Makes a socket at `path` to which everybody may send.
Result<UniqueFd> bind_at(const std::string& path) {
  auto fd = make_datagram_socket();
  if (!fd) return fd;
  const sockaddr_un address = unix_address(path);
  ::unlink(path.c_str());  // left by a zinit that was killed here
  if (::bind(fd->get(), generic(address), sizeof address) < 0 || ::chmod(path.c_str(), 0666) < 0)
    return sys_failure("bind", path);
  refuse_descriptors(fd->get());
  // Needs privilege. Without it the buffer has the default size.
  (void)::setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes, sizeof kReceiveBytes);
  return fd;
}

/// renameat2(2) with RENAME_EXCHANGE. musl 1.2.5 has neither.
bool swap_names(const std::string& one, const std::string& other) {
  return ::syscall(SYS_renameat2, AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), 1U << 1) == 0;
}

}  // namespace

DevLog::DevLog(EventLoop& loop, std::string path, Take take, StateFacts* facts)
    : loop_(loop),
      path_(std::move(path)),
      take_(std::move(take)),
      facts_(facts),
      look_(loop, [this] { look_now(); }),
      unwatch_(loop,
               [this] {
                 if (ours_ && inotify_) (void)::inotify_rm_watch(inotify_.get(), watch_);
               }),
      grace_(loop, [this] { look_now(); }),
      again_(loop, [this] { readable_->start(); }) {}

void DevLog::start(KeptFd inherited, const FactMap& kept, LogLevel want) noexcept {
  want_ = want;
  catch_all("syslog", [&] {
    go_on(std::move(inherited), kept);
    look_now();
  });
}

// --- over a re-execution ---

// The fact "DEVICE INODE" identifies the socket's file.

void DevLog::go_on(KeptFd inherited, const FactMap& kept) {
  const auto fact = kept.find(kFact);
  if (!inherited || fact == kept.end()) return;
  const auto words = split(fact->second, ' ');
  const auto device = parse_integer(words.front());
  const auto inode = parse_integer(words.back());
  if (!device || !inode) return;
  device_ = static_cast<dev_t>(*device);
  inode_ = static_cast<ino_t>(*inode);
  buffer_.resize(kLongest);
  auto readable =
      std::make_unique<IoWatcher>(loop_, inherited.get(), EV_READ, [this](int) { read_some(); });
  begin(std::move(inherited), std::move(readable));
}

void DevLog::keep() noexcept {
  if (facts_ == nullptr) return;
  catch_all("syslog", [this] { facts_->keep(kFact, fmt::format("{} {}", device_, inode_)); });
}

// --- who owns the socket ---

void DevLog::watch_directory() {
  if (inotify_) return;
  inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  const std::string directory = folder_of(path_);
  if (inotify_)
    watch_ = ::inotify_add_watch(inotify_.get(), directory.c_str(),
                                 IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM);
  if (watch_ < 0) {
    inotify_.reset();
    if (std::exchange(unwatched_told_, true)) return;
    return log(want_, "syslog: {}; zinit does not notice when a syslog daemon starts",
               sys_failure("watch", directory).value().text);
  }
  changes_ =
      std::make_unique<IoWatcher>(loop_, inotify_.get(), EV_READ, [this](int) { on_directory(); });
  changes_->start();
}

void DevLog::on_directory() {
  const std::string_view own_name = last_part(path_);
  bool concerns = false;
  bool gone = false;
  InotifyEvents events(inotify_.get());
  while (const inotify_event* event = events.next()) {
    const bool lost = (event->mask & IN_Q_OVERFLOW) != 0;
    if (!lost && InotifyEvents::name(*event) != own_name) continue;
    concerns = true;
    gone = !lost && (event->mask & (IN_DELETE | IN_MOVED_FROM)) != 0;
  }
  if (!concerns) return;
  if (gone && there() == There::nothing) {
    give_up();
    grace_.set(kGrace);
  } else {
    look_now();
  }
}

DevLog::There DevLog::there() const {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) < 0) return There::nothing;
  if (fd_ && status.st_dev == device_ && status.st_ino == inode_) return There::ours;
  // A symbolic link may point to another daemon's socket, or to nothing.
  if (!S_ISSOCK(status.st_mode) && !S_ISLNK(status.st_mode)) return There::taken;
  return has_owner(path_) ? There::taken : There::stale;
}

void DevLog::look_now() {
  watch_directory();
  const There is = there();
  if (is == There::ours) return;
  if (fd_) give_up();
  if (is == There::taken) return;
  if (grace_.active()) return;
  const auto done = take_place(is);
  if (!done && told_ != done.error().text) {
    told_ = done.error().text;
    log(want_, "syslog: {}", told_);
  }
}

Result<void> DevLog::take_place(There there) {
  const std::string own = fmt::format("{}/.log.zinit-{}", folder_of(path_), ::getpid());
  auto fd = bind_at(own);
  if (!fd) return Failure(fd.error());
  // These allocations may throw, so do them before anybody can send: a socket that nobody reads
  // would block every process that logs.
  buffer_.resize(kLongest);
  auto readable =
      std::make_unique<IoWatcher>(loop_, fd->get(), EV_READ, [this](int) { read_some(); });
  struct stat status {};
  Result<void> done;
  if (::lstat(own.c_str(), &status) < 0) {
    done = sys_failure("look at", own);
  } else if (there == There::nothing) {
    // link(2), because rename(2) would replace a socket that a daemon has bound meanwhile.
    if (::link(own.c_str(), path_.c_str()) < 0 && errno != EEXIST)
      done = sys_failure("put a socket at", path_);
  } else if (!swap_names(own, path_)) {
    // A daemon that starts has removed it meanwhile, and is about to bind its own.
    if (errno == ENOENT)
      grace_.set(kGrace);
    else
      done = sys_failure("replace the stale socket", path_);
  } else if (has_owner(own)) {
    // The replaced socket is not stale: a daemon has bound it meanwhile. Give it back.
    if (!swap_names(own, path_))
      log_warn("syslog: {}", sys_failure("give back", path_).value().text);
  }
  ::unlink(own.c_str());
  if (!done || grace_.active()) return done;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  keep();
  begin(KeptFd(std::move(*fd), {KeptKind::dev_log}), std::move(readable));
  if (this->there() != There::ours) give_up();
  return done;
}

void DevLog::begin(KeptFd fd, std::unique_ptr<IoWatcher> readable) noexcept {
  fd_ = std::move(fd);
  readable_ = std::move(readable);
  readable_->start();
  told_.clear();
  ours_ = true;
  if (std::exchange(lost_, false))
    log_info("syslog: zinit serves {} again", path_);
  else
    log_debug("syslog: {} is zinit's", path_);
}

/// Closes the socket. Reads its messages first; otherwise they would be lost.
void DevLog::give_up() {
  if (!fd_) return;
  ours_ = false;
  read_rest();
  close_own();
  buffer_ = {};
  lost_ = true;
  log_info("syslog: zinit no longer serves {}", path_);
}

void DevLog::finish() noexcept {
  catch_all("syslog", [this] {
    const bool own = there() == There::ours;
    grace_.stop();
    changes_.reset();
    if (!fd_) return;
    if (own) ::unlink(path_.c_str());
    read_rest();
    close_own();
  });
}

void DevLog::close_own() {
  readable_.reset();
  again_.stop();
  close_socket(fd_.release());
}

// --- messages ---

void DevLog::read_some() {
  const TimePoint until = Clock::now() + kTime;
  for (int i = 0; i < kMessages && read_one() && Clock::now() < until; ++i) {}
}

void DevLog::read_rest() {
  for (int i = 0; i < kMostWaiting && read_one(); ++i) {}
}

/// Returns false if no message waits.
bool DevLog::read_one() {
  Datagram datagram;
  const Received received = receive_datagram(fd_.get(), buffer_, datagram);
  if (received == Received::nothing) return false;
  if (received == Received::with_descriptors && !discard_datagram(fd_.get())) {
    readable_->stop();
    again_.set(kAgain);
    return false;
  }
  catch_all("a message of /dev/log", [&] { take_(datagram.sender, datagram.text); });
  return true;
}

}  // namespace zinit
