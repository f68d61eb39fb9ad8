// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Watches and reads pipes on the data loop. See capture.hpp.
#include "io/capture.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "os/process.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kTryAgain{1000};

// How long reading a pipe pauses: when one of its sinks wants a pause, or to let lines gather.
constexpr Milliseconds kPause{1};

// A pipe that became readable again within this time would have been read at the end of a pause.
// The limit is above kPause because the kernel and a busy loop end a pause late.
constexpr std::chrono::microseconds kSoon{1500};

// The largest pipe that a user may request by default (fs.pipe-max-size).
constexpr int kWidePipeBytes = 1 << 20;

// How long there are no pauses after they were found useless.
constexpr Milliseconds kNoPause{500};

constexpr std::size_t kPipesOfProcess = 2;

// The newest process's pipes, and the pipes of earlier processes.
constexpr std::size_t kPipesKept = LogStore::kOldPipes + kPipesOfProcess;

}  // namespace

Capture::Capture(EventLoop& loop)
    : loop_(loop),
      set_(loop,
           [this](EpollSet::Key key, std::uint32_t events) {
             if (const LogPipePtr pipe = find(reinterpret_cast<const LogPipe*>(key)))
               events == EPOLLHUP ? ended(*pipe) : readable(*pipe);
           }),
      again_(loop, [this] { begin(); }),
      resume_(loop, [this] { resume(); }),
      again_look_(loop, [this] { look(); }),
      begin_(loop, [this] { begin(); }),
      look_(loop, [this] { look(); }) {
  begin_.ask();
}

Result<void> Capture::watch(std::span<const LogPipePtr> pipes) {
  {
    MutexLock lock(mutex_);
    for (const LogPipePtr& pipe : pipes) {
      if (pipe->ended) continue;  // its log was removed, or a client's request read it to the end
      watched_.insert(pipe);
      listen(*pipe);
    }
  }
  ServiceLog& log = pipes.front()->log;
  if (log.launches_to_look.fetch_sub(1) > 0 || log.pipes(kPipesKept).empty()) return {};
  return loop_.post([this, &log] { give_up_oldest(log); });
}

bool Capture::add_to_set(const LogPipe& pipe) {
  return set_.add(pipe.fd.get(), EPOLLIN, reinterpret_cast<std::uintptr_t>(&pipe));
}

/// Adds the pipe to the set. The loop watches the set, so it need not be woken.
void Capture::listen(const LogPipe& pipe) {
  if (add_to_set(pipe)) return;
  unwatched_.push_back(&pipe);
  begin_.ask();
}

/// Makes the loop watch the set, and adds the pipes that the kernel refused so far.
void Capture::begin() {
  again_.set(kTryAgain);  // until all of this works
  if (!set_.open()) return;
  MutexLock lock(mutex_);
  std::erase_if(unwatched_, [this](const LogPipe* pipe)
                                NO_THREAD_SAFETY_ANALYSIS { return add_to_set(*pipe); });
  if (unwatched_.empty()) again_.stop();
}

LogPipePtr Capture::find(const LogPipe* pipe) const {
  MutexLock lock(mutex_);
  const auto found = watched_.find(pipe);
  return found == watched_.end() ? nullptr : *found;
}

/// For a pipe that is empty and has no writer any more: it need not be read.
void Capture::ended(LogPipe& pipe) {
  pipe.log.end(pipe, buffer_);
  let_go(&pipe);
}

void Capture::readable(LogPipe& pipe) {
  if (pipe.log.holds(pipe)) return hold(pipe);
  if (pipe.log.wants_pause()) return pause(pipe);
  reading_ = &pipe.log;
  reading_since_ = Clock::now();
  take_from(pipe);
  reading_since_ = kNever;
}

ServiceLog* Capture::hung() const noexcept {
  const TimePoint since = reading_since_;
  return since != kNever && Clock::now() - since >= kHungRead ? reading_.load() : nullptr;
}

void Capture::take_from(LogPipe& pipe) {
  const ServiceLog::ReadOnce read = pipe.log.read(pipe, buffer_);
  if (read.busy) return hold(pipe);
  if (read.ended) return let_go(&pipe);
  if (read.later) again_look_.set_within(ServiceLog::kUnended);
  if (!pays(pipe, read)) return;
  pipe.paused = true;
  pause(pipe);
}

/// Whether a pause pays: whether to let lines gather in a pipe that was just read.
bool Capture::pays(LogPipe& pipe, const ServiceLog::ReadOnce& read) noexcept {
  const TimePoint now = Clock::now();
  const bool soon = now - std::exchange(pipe.read_at, now) < kSoon;
  const bool was_paused = pipe.paused;
  pipe.paused = false;
  if (was_paused) {
    if (pipe.capacity <= 0) pipe.capacity = ::fcntl(pipe.fd.get(), F_GETPIPE_SZ);
    // Half: a page that is not full still has no room for the next line if the line is longer.
    if (static_cast<std::int64_t>(read.found) > pipe.capacity / 2) {
      const int wider = pipe.tried_wide ? -1 : ::fcntl(pipe.fd.get(), F_SETPIPE_SZ, kWidePipeBytes);
      pipe.tried_wide = true;
      if (wider > 0)
        pipe.capacity = wider;
      else
        pipe.no_pause_until = after(now, kNoPause);
    }
  }
  return soon && read.all && now >= pipe.no_pause_until;
}

/// Removes the pipe from the set for a moment. It is not enough to ask for no events: the kernel
/// reports the hang-up of a pipe without writers in any case.
void Capture::pause(const LogPipe& pipe) {
  MutexLock lock(mutex_);
  paused_.push_back(&pipe);
  set_.remove(pipe.fd.get());
  if (!resume_.active()) resume_.set(kPause);
}

void Capture::resume() {
  resume_.set(kTryAgain);  // in case memory runs out before the end
  MutexLock lock(mutex_);
  for (; !paused_.empty(); paused_.pop_back()) listen(*paused_.back());
  resume_.stop();
}

/// Reports what is due for pipes although nothing arrives: look_again() of each pipe. A pipe that
/// is still held is held again at its next event.
void Capture::look() {
  release();
  std::vector<LogPipePtr> pipes;
  {
    MutexLock lock(mutex_);
    pipes.assign(watched_.begin(), watched_.end());
  }
  const TimePoint now = Clock::now();
  std::optional<Milliseconds> next;
  for (const LogPipePtr& pipe : pipes)
    if (const auto due = pipe->log.look_again(*pipe, now))
      next = std::min(*due, next.value_or(*due));
  if (next)
    again_look_.set(*next);
  else
    again_look_.stop();
}

void Capture::hold(const LogPipe& pipe) {
  MutexLock lock(mutex_);
  held_.push_back(&pipe);
  set_.remove(pipe.fd.get());
}

void Capture::release() noexcept {
  MutexLock lock(mutex_);
  // From the front: epoll reports descriptors in the order in which they were added, and the first
  // fills the console again. So the pipe that has waited longest is read next.
  auto next = held_.begin();
  try {
    for (; next != held_.end(); ++next) listen(**next);
  } catch (const std::bad_alloc&) {
    // The remaining pipes are tried the next time that there is room.
  }
  held_.erase(held_.begin(), next);
}

/// Stops watching a pipe that ended, and closes it.
void Capture::let_go(const LogPipe* pipe) {
  const LogPipePtr last = find(pipe);
  if (!last) return;
  {
    MutexLock lock(mutex_);
    watched_.erase(last);
    std::erase(unwatched_, pipe);
    std::erase(paused_, pipe);
    std::erase(held_, pipe);
    set_.remove(last->fd.get());
  }
  last->log.close(*last);
}

/// A process that is alive, or about to be spawned, keeps its pipes: all instances of a service
/// with `accept` write to one log. There may be thousands, and each costs a system call. So the
/// next look comes when a quarter as many processes have been launched.
void Capture::give_up_oldest(ServiceLog& log) {
  std::vector<LogPipePtr> old = log.pipes();
  const std::size_t all = old.size();
  std::erase_if(old, [](const LogPipePtr& pipe) {
    const pid_t pid = *pipe->writer;
    return pid == 0 || process_exists(pid);
  });
  log.launches_to_look = static_cast<int>((all - old.size()) / kPipesOfProcess / 4);
  for (std::size_t i = 0; i + LogStore::kOldPipes < old.size(); ++i) {
    log.drain(*old[i], buffer_, Drain::all);
    ended(*old[i]);
  }
}

void Capture::sweep() noexcept {
  // If this fails, each pipe is closed at its next event.
  static_cast<void>(loop_.post([this] { let_go_of_ended(); }));
}

void Capture::let_go_of_ended() {
  std::vector<const LogPipe*> ended;
  {
    MutexLock lock(mutex_);
    for (const LogPipePtr& pipe : watched_)
      if (pipe->ended) ended.push_back(pipe.get());
  }
  for (const LogPipe* pipe : ended) let_go(pipe);
}

}  // namespace zinit
