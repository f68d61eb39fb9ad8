// The thread that closes descriptors: see closer.hpp.
#include "os/closer.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/memory.hpp"
#include "os/disposal.hpp"
#include "os/thread.hpp"

namespace zinit {

namespace {

/// The type of the file, as in st_mode; 0 if it cannot be found out. Does not ask the server of a
/// network file system, which could take long.
mode_t type_of(int fd) noexcept {
  struct statx file {};
  const int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  return ::statx(fd, "", flags, STATX_TYPE, &file) == 0 ? file.stx_mode & S_IFMT : 0;
}

}  // namespace

Closer::~Closer() {
  MutexLock lock(state_->mutex);
  state_->ending = true;
  state_->wake.notify_one();
}

void Closer::close(UniqueFd fd, Sender sender) noexcept {
  if (!fd) return;
  const mode_t type = type_of(fd.get());
  if (type == S_IFIFO) return;
  const EssentialAllocations essential;
  MutexLock lock(state_->mutex);
  state_->waiting.emplace_back(Descriptor{std::move(sender), std::move(fd), type == S_IFSOCK});
  state_->wake.notify_one();
  if (state_->started) return;
  auto thread = Thread::start("zinit-close", kSmallStackBytes, [state = state_] { run(*state); });
  if (!thread) return;
  thread->abandon();
  state_->started = true;
}

void Closer::run(State& state) noexcept {
  while (true) {
    Descriptor next;
    {
      MutexLock lock(state.mutex);
      while (state.waiting.empty() && !state.ending) state.wake.wait(state.mutex);
      if (state.waiting.empty()) return;
      next = std::move(state.waiting.front());
      state.waiting.pop_front();
    }
    if (next.socket) close_elsewhere(std::move(next.fd));
  }
}

}  // namespace zinit
