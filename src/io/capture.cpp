// Watching and reading pipes on the data loop.
#include "io/capture.hpp"

#include <sys/epoll.h>

#include <array>

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kTryAgain{1000};

// Until a sink that wanted a pause is asked again.
constexpr Milliseconds kPause{2};

// The pipes of the process that was spawned last are no old ones.
constexpr std::size_t kPipesKept = LogStore::kOldPipes + 2;

// Pipes that are read before the loop looks at anything else.
constexpr std::size_t kPipesATurn = 64;

}  // namespace

Capture::Capture(EventLoop& loop)
    : loop_(loop),
      set_(::epoll_create1(EPOLL_CLOEXEC)),
      again_(loop, [this] { try_again(); }),
      resume_(loop, [this] { resume(); }),
      begin_(loop, [this] { begin(); }) {
  begin_.ask();
}

Result<void> Capture::watch(const LogPipePtr& out, const LogPipePtr& err) {
  try {
    MutexLock lock(mutex_);
    for (const LogPipePtr& pipe : {out, err}) {
      if (pipe->ended) continue;  // forgotten, or read to its end by a reader of the log
      watched_.emplace(pipe.get(), pipe);
      listen(*pipe);
    }
  } catch (const std::bad_alloc&) {
    return Failure(Error{"no memory", ENOMEM});
  }
  if (out->log.pipes(kPipesKept).empty()) return {};
  return loop_.post([this, out] { give_up_oldest(out->log); });
}

bool Capture::add_to_set(const LogPipe& pipe) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = const_cast<LogPipe*>(&pipe);  // only compared
  return set_ && ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, pipe.fd.get(), &event) == 0;
}

/// The loop hears of a pipe without having been woken for it: it watches the set alone.
void Capture::listen(const LogPipe& pipe) {
  if (add_to_set(pipe)) return;
  unwatched_.push_back(&pipe);
  begin_.ask();
}

void Capture::begin() {
  MutexLock lock(mutex_);
  if (!again_.active()) again_.set(kTryAgain);
  if (!set_) set_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (set_ && !ready_) {
    ready_ = std::make_unique<IoWatcher>(loop_, set_.get(), EV_READ, [this](int) { on_ready(); });
    ready_->start();
  }
  if (ready_ && unwatched_.empty()) again_.stop();
}

int Capture::set() const {
  MutexLock lock(mutex_);
  return set_.get();
}

LogPipePtr Capture::find(const void* pipe) const {
  MutexLock lock(mutex_);
  const auto found = watched_.find(static_cast<const LogPipe*>(pipe));
  return found == watched_.end() ? nullptr : found->second;
}

void Capture::on_ready() {
  std::array<epoll_event, kPipesATurn> events;
  const int count = ::epoll_wait(set(), events.data(), kPipesATurn, 0);
  for (int i = 0; i < count; ++i) {
    // One before it in this turn may have had it let go.
    if (const LogPipePtr pipe = find(events[std::size_t(i)].data.ptr)) readable(*pipe);
  }
}

void Capture::readable(LogPipe& pipe) {
  if (pipe.log.wants_pause()) return pause(pipe);
  if (!pipe.log.read(pipe, buffer_)) let_go(&pipe);
}

/// Taken out of the set, for the kernel tells of a pipe without writers whatever it is asked for.
void Capture::pause(const LogPipe& pipe) {
  MutexLock lock(mutex_);
  paused_.push_back(&pipe);
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, pipe.fd.get(), nullptr);
  if (!resume_.active()) resume_.set(kPause);
}

void Capture::resume() {
  MutexLock lock(mutex_);
  resume_.set(kPause);  // where there is no memory for one, once more
  for (; !paused_.empty(); paused_.pop_back()) listen(*paused_.back());
  resume_.stop();
}

/// Stops watching a pipe that has ended, and closes it.
void Capture::let_go(const LogPipe* pipe) {
  const LogPipePtr last = find(pipe);
  if (!last) return;
  {
    MutexLock lock(mutex_);
    watched_.erase(pipe);
    std::erase(unwatched_, pipe);
    std::erase(paused_, pipe);
    // Refused for one that could not be watched.
    ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, last->fd.get(), nullptr);
  }
  last->log.close(*last);
}

void Capture::try_again() {
  MutexLock lock(mutex_);
  std::erase_if(unwatched_, [this](const LogPipe* pipe)
                                NO_THREAD_SAFETY_ANALYSIS { return add_to_set(*pipe); });
  if (!ready_ || !unwatched_.empty()) begin_.ask();
}

void Capture::give_up_oldest(ServiceLog& log) {
  for (const LogPipePtr& pipe : log.pipes(kPipesKept)) {
    log.drain(*pipe, buffer_);
    log.end(*pipe);
    let_go(pipe.get());
  }
}

void Capture::sweep() noexcept {
  // Refused: then each goes with its next event.
  static_cast<void>(loop_.post([this] { let_go_of_ended(); }));
}

void Capture::let_go_of_ended() {
  std::vector<const LogPipe*> ended;
  {
    MutexLock lock(mutex_);
    for (const auto& each : watched_)
      if (each.first->ended) ended.push_back(each.first);
  }
  for (const LogPipe* pipe : ended) let_go(pipe);
}

}  // namespace zinit
