// The thread that checks files.
#include "control/file_changes.hpp"

#include <new>
#include <utility>

#include "io/loop.hpp"
#include "os/thread.hpp"

namespace zinit {

/// But for `specs` and `until` it is used with the state's mutex.
struct FileChanges::Question {
  explicit Question(std::vector<SpecPtr> of) : specs(std::move(of)), answers(specs.size()) {}

  const std::vector<SpecPtr> specs;
  const TimePoint until = after(Clock::now(), kPatience);
  Answers answers;
  bool done = false;
};

FileChanges::FileChanges(EventLoop& loop, Look look, std::function<void()> answered)
    : look_(look), answered_(loop, std::move(answered)), patience_(loop, [this] { pass_time(); }) {
  MutexLock lock(state_->mutex);
  state_->answered = &answered_;
}

FileChanges::~FileChanges() {
  MutexLock lock(state_->mutex);
  state_->answered = nullptr;
  state_->asked.notify_one();
}

FileChanges::Ticket FileChanges::ask(std::vector<SpecPtr> specs) {
  const bool none = specs.empty();
  auto ticket = std::make_shared<Question>(std::move(specs));
  if (!none && !started_) {
    auto thread = Thread::start("zinit-files", kSmallStackBytes,
                                [state = state_, look = look_] { run(*state, look); });
    started_ = thread.has_value();
    if (thread) thread->abandon();
  }
  State& state = *state_;
  MutexLock lock(state.mutex);
  ticket->done = none || !started_ || state.late;
  if (ticket->done) return ticket;
  state.queue.push_back(ticket);
  state.asked.notify_one();
  if (!patience_.active()) patience_.set(kPatience);
  return ticket;
}

std::optional<FileChanges::Answers> FileChanges::answer(const Ticket& ticket, bool last) {
  MutexLock lock(state_->mutex);
  if (ticket->done) return ticket->answers;
  if (Clock::now() >= ticket->until) state_->late = true;
  if (!state_->late && !last) return std::nullopt;
  return Answers(ticket->specs.size());
}

void FileChanges::give_up() noexcept {
  MutexLock lock(state_->mutex);
  state_->late = true;
}

/// Has those look whose time may be over.
void FileChanges::pass_time() {
  answered_.ask();
  MutexLock lock(state_->mutex);
  if (!state_->late && (state_->busy || !state_->queue.empty())) patience_.set(kPatience);
}

void FileChanges::run(State& state, Look look) {
  MutexLock lock(state.mutex);
  while (true) {
    while (state.queue.empty() && state.answered != nullptr) state.asked.wait(state.mutex);
    if (state.answered == nullptr) return;
    const Ticket ticket = std::move(state.queue.front());
    state.queue.pop_front();
    if (ticket.use_count() == 1) {
      state.late = false;  // who asked has gone; the thread has come
      continue;
    }
    state.busy = true;
    lock.unlock();
    Answers answers;
    try {
      answers.resize(ticket->specs.size());
      for (std::size_t i = 0; i < answers.size(); ++i) answers[i] = look(*ticket->specs[i]);
    } catch (const std::bad_alloc&) {
      // The remaining answers stay unknown.
    } catch (...) {  // likewise; who waits, and who asks next, must not find the thread gone
      log_current_exception("service files");
    }
    lock.lock();
    state.busy = state.late = false;
    if (answers.size() == ticket->answers.size()) ticket->answers = std::move(answers);
    ticket->done = true;
    if (state.answered != nullptr) state.answered->ask();
  }
}

}  // namespace zinit
