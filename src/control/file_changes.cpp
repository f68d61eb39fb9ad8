// The thread that checks files.
#include "control/file_changes.hpp"

#include <new>
#include <utility>

#include "io/loop.hpp"
#include "os/thread.hpp"

namespace zinit {

FileChanges::FileChanges(Look look) : look_(look) {}

FileChanges::~FileChanges() {
  MutexLock lock(state_->mutex);
  state_->ending = true;
  state_->asked.notify_one();
}

std::vector<std::optional<bool>> FileChanges::ask(std::vector<SpecPtr> specs) {
  std::vector<std::optional<bool>> unknown(specs.size());
  if (specs.empty()) return unknown;
  if (!started_) {
    auto thread = Thread::start("zinit-files", kSmallStackBytes,
                                [state = state_, look = look_] { run(*state, look); });
    if (!thread) return unknown;
    thread->abandon();
    started_ = true;
  }
  const TimePoint deadline = after(Clock::now(), kPatience);
  State& state = *state_;
  MutexLock lock(state.mutex);
  if (state.busy) return unknown;
  state.answers = unknown;
  state.specs = std::move(specs);
  state.busy = true;
  state.asked.notify_one();
  while (state.busy && Clock::now() < deadline) state.answered.wait_until(state.mutex, deadline);
  return state.busy ? unknown : std::move(state.answers);
}

void FileChanges::run(State& state, Look look) {
  MutexLock lock(state.mutex);
  while (true) {
    while (!state.busy && !state.ending) state.asked.wait(state.mutex);
    if (state.ending) return;
    const std::vector<SpecPtr> specs = std::move(state.specs);
    std::vector<std::optional<bool>> answers = std::move(state.answers);
    lock.unlock();
    try {
      for (std::size_t i = 0; i < specs.size(); ++i) answers[i] = look(*specs[i]);
    } catch (const std::bad_alloc&) {
      // The remaining answers stay unknown.
    } catch (...) {  // likewise; who waits, and who asks next, must not find the thread gone
      log_current_exception("service files");
    }
    lock.lock();
    state.answers = std::move(answers);
    state.busy = false;
    state.answered.notify_one();
  }
}

}  // namespace zinit
