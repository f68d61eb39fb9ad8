// Watching and reading pipes on the data loop.
#include "io/capture.hpp"

#include <sys/epoll.h>

#include <array>

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kTryAgain{1000};

// The pipes of the process that was spawned last are no old ones.
constexpr std::size_t kNewPipes = 2;

// Pipes that are read before the loop looks at anything else.
constexpr std::size_t kPipesATurn = 64;

}  // namespace

Capture::Capture(EventLoop& loop, std::function<void(ServiceLog&)> lines_came)
    : loop_(loop),
      lines_came_(std::move(lines_came)),
      set_(::epoll_create1(EPOLL_CLOEXEC)),
      again_(loop, [this] { try_again(); }) {}

Result<void> Capture::watch(const LogPipePtr& out, const LogPipePtr& err) {
  return loop_.post([this, out, err] {
    start(out);
    start(err);
    give_up_oldest(out->log);
  });
}

void Capture::start(const LogPipePtr& pipe) {
  if (pipe->ended) return;  // forgotten, or read to its end by a reader of the log
  watched_.emplace(pipe.get(), pipe);
  listen(*pipe);
}

void Capture::listen(const LogPipe& pipe) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = const_cast<LogPipe*>(&pipe);  // only compared
  if (make_set() && ::epoll_ctl(set_.get(), EPOLL_CTL_ADD, pipe.fd.get(), &event) == 0) return;
  unwatched_.push_back(&pipe);
  if (!again_.active()) again_.set(kTryAgain);
}

bool Capture::make_set() {
  if (!set_) set_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!set_) return false;
  if (ready_) return true;
  ready_ = std::make_unique<IoWatcher>(loop_, set_.get(), EV_READ, [this](int) { on_ready(); });
  ready_->start();
  return true;
}

void Capture::on_ready() {
  std::array<epoll_event, kPipesATurn> events;
  const int count = ::epoll_wait(set_.get(), events.data(), kPipesATurn, 0);
  for (int i = 0; i < count; ++i) {
    // One before it in this turn may have had it let go.
    const auto found = watched_.find(static_cast<const LogPipe*>(events[std::size_t(i)].data.ptr));
    if (found != watched_.end()) readable(*found->second);
  }
}

void Capture::readable(LogPipe& pipe) {
  ServiceLog& log = pipe.log;
  if (!log.read(pipe, buffer_)) let_go(&pipe);
  lines_came_(log);
}

/// Stops watching a pipe that has ended, and closes it.
void Capture::let_go(const LogPipe* pipe) {
  const auto found = watched_.find(pipe);
  if (found == watched_.end()) return;
  const LogPipePtr last = found->second;
  watched_.erase(found);
  // Refused for one that could not be watched.
  ::epoll_ctl(set_.get(), EPOLL_CTL_DEL, last->fd.get(), nullptr);
  last->log.close(*last);
}

void Capture::try_again() {
  std::vector<const LogPipe*> pipes;
  pipes.swap(unwatched_);
  for (const LogPipe* pipe : pipes)
    if (watched_.contains(pipe)) listen(*pipe);
}

void Capture::give_up_oldest(ServiceLog& log) {
  for (const LogPipePtr& pipe : log.pipes(LogStore::kOldPipes + kNewPipes)) {
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
  for (const auto& [pipe, held] : watched_)
    if (pipe->ended) ended.push_back(pipe);
  for (const LogPipe* pipe : ended) let_go(pipe);
}

}  // namespace zinit
