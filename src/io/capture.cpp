// Watching and reading pipes on the data loop.
#include "io/capture.hpp"

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kTryAgain{1000};

// The pipes of the process that was spawned last are no old ones.
constexpr std::size_t kNewPipes = 2;

}  // namespace

Capture::Capture(EventLoop& loop, std::function<void(ServiceLog&)> lines_came)
    : loop_(loop), lines_came_(std::move(lines_came)), again_(loop, [this] { try_again(); }) {}

Result<void> Capture::watch(const LogPipePtr& out, const LogPipePtr& err) {
  return loop_.post([this, out, err] {
    start(out);
    start(err);
    give_up_oldest(out->log);
  });
}

void Capture::start(const LogPipePtr& pipe) {
  if (pipe->ended) return;  // forgotten, or read to its end by a reader of the log
  const auto called = [this, watched = pipe.get()](int events) { readable(*watched, events); };
  std::unique_ptr<Watch> watch(new Watch{pipe, {loop_, pipe->fd.get(), EV_READ, called}});
  watch->watcher.start();
  watched_.emplace(pipe.get(), std::move(watch));
}

void Capture::readable(LogPipe& pipe, int events) {
  ServiceLog& log = pipe.log;
  const bool more = log.read(pipe, buffer_);
  if (!more) {
    let_go(&pipe);
  } else if ((events & EV_ERROR) != 0) {
    unwatched_.push_back(&pipe);
    if (!again_.active()) again_.set(kTryAgain);
  }
  lines_came_(log);
}

/// Stops watching a pipe that has ended, and closes it.
void Capture::let_go(const LogPipe* pipe) {
  const auto found = watched_.find(pipe);
  if (found == watched_.end()) return;
  const LogPipePtr last = found->second->pipe;
  watched_.erase(found);
  last->log.close(*last);
}

void Capture::try_again() {
  std::vector<const LogPipe*> pipes;
  pipes.swap(unwatched_);
  for (const LogPipe* pipe : pipes)
    if (const auto found = watched_.find(pipe); found != watched_.end())
      found->second->watcher.start();
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
  for (const auto& [pipe, watch] : watched_)
    if (pipe->ended) ended.push_back(pipe);
  for (const LogPipe* pipe : ended) let_go(pipe);
}

}  // namespace zinit
