// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The threads that do work which may block. See offload.hpp.
#include "os/offload.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <exception>
#include <utility>
#include <vector>

#include "base/format.hpp"
#include "base/log.hpp"
#include "base/memory.hpp"
#include "base/mutex.hpp"

namespace zinit {

namespace {

// How long a thread waits for the next piece of work.
constexpr Milliseconds kIdle{1000};

}  // namespace

/// Guarded by the state's mutex, except `work`, which belongs to the thread that took it.
struct Offload::Task {
  enum class Stand { waiting, running, late, done, refused };

  Task(Work its_work, Key its_key, bool is_posted)
      : work(std::move(its_work)), key(its_key), posted(is_posted) {}

  Work work;
  const Key key;
  const bool posted;
  Stand stand = Stand::waiting;
  TimePoint began{};           // if it is running
  TimePoint late_at = kNever;  // likewise
  Error fault{};               // if it was refused
};

/// All of this process, also those whose Offload is gone and whose threads hang.
struct Offload::States {
  Mutex mutex;  // taken before a State's
  std::vector<State*> all GUARDED_BY(mutex);

  static States& of_process() {
    static States& only = *new States;  // never destroyed: threads outlive the end of main()
    return only;
  }
};

struct Offload::State {
  State(const Limits& its_limits, std::function<void()> its_answered)
      : limits(its_limits), answered(std::move(its_answered)) {
    hung.reserve(limits.most_hung);
    States& states = States::of_process();
    MutexLock lock(states.mutex);
    states.all.push_back(this);
  }
  ~State() {
    States& states = States::of_process();
    MutexLock lock(states.mutex);
    std::erase(states.all, this);
  }
  State& operator=(State&&) = delete;

  const Limits limits;
  Mutex mutex;            // a leaf, except for the loop's, which LoopCall::ask() takes
  CondVar wake, changed;  // for threads; for waiting callers
  std::function<void()> answered GUARDED_BY(mutex);
  std::deque<Ticket> waiting GUARDED_BY(mutex);
  Ticket running GUARDED_BY(mutex);            // null: none, or all running ones are late
  std::vector<Ticket> hung GUARDED_BY(mutex);  // late ones
  int spare GUARDED_BY(mutex) = 0;             // threads that wait, or begin to
  bool ending GUARDED_BY(mutex) = false;

  void tell() REQUIRES(mutex) {
    changed.notify_all();
    if (answered) answered();
  }

  void refuse(Task& task, Error fault) REQUIRES(mutex) {
    task.stand = Task::Stand::refused;
    task.fault = std::move(fault);
    tell();
  }

  /// Why no work of `key` can begin now; nothing if it can.
  [[nodiscard]] std::optional<Error> refusal(const Key& key) const REQUIRES(mutex) {
    std::size_t of_owner = 0;
    bool same = false;
    for (const Ticket& each : hung) {
      if (each->key.owner != key.owner) continue;
      ++of_owner;
      same = same || (key.subject != 0 && each->key.subject == key.subject);
    }
    if (!same && of_owner < limits.most_hung_of_owner && hung.size() < limits.most_hung)
      return std::nullopt;
    return Error{fmt::format("{}: earlier requests hang", limits.name), ETIMEDOUT};
  }

  /// Whether it does work that it began before `when`.
  [[nodiscard]] bool busy_since(TimePoint when) const REQUIRES(mutex) {
    const auto is = [when](const Ticket& each) { return each->began <= when; };
    return (running && is(running)) || std::ranges::any_of(hung, is);
  }

  void note_late() REQUIRES(mutex) {
    if (!running || Clock::now() < running->late_at) return;
    running->stand = Task::Stand::late;
    hung.push_back(std::exchange(running, nullptr));
    wake.notify_one();
    tell();
  }

  /// Waits until there is work to begin. @return  false if the thread must end
  [[nodiscard]] bool await_turn(TimePoint until) REQUIRES(mutex) {
    while (true) {
      note_late();
      if (!running && !waiting.empty()) return true;
      if (spare > 1) return false;
      if (running && !waiting.empty()) {  // takes over if the running work is late
        // The other thread may do all of it, and nothing would wake this one to end.
        wait(wake, std::min(running->late_at, after(Clock::now(), kIdle)));
        continue;
      }
      if (ending || Clock::now() >= until) return false;
      wait(wake, until);
    }
  }

  void wait(CondVar& on, TimePoint until) REQUIRES(mutex) {
    until == kNever ? on.wait(mutex) : on.wait_until(mutex, until);
  }

  /// @return  whether to do the work
  [[nodiscard]] bool begin(const Ticket& task) REQUIRES(mutex) {
    if (!task->posted && task.use_count() == 1) return false;  // the asker has dropped its ticket
    if (auto fault = task->posted ? std::nullopt : refusal(task->key)) {
      refuse(*task, *std::move(fault));
      return false;
    }
    task->stand = Task::Stand::running;
    task->began = Clock::now();
    task->late_at = after(task->began, limits.patience);
    running = task;
    return true;
  }

  void end(const Ticket& task) REQUIRES(mutex) {
    if (running == task) running.reset();
    std::erase(hung, task);
    task->stand = Task::Stand::done;
    tell();
  }
};

Offload::Offload(const Limits& limits, std::function<void()> answered)
    : state_(std::make_shared<State>(limits, std::move(answered))) {}

Offload::~Offload() {
  MutexLock lock(state_->mutex);
  state_->answered = nullptr;
  state_->ending = true;
  state_->wake.notify_one();
}

Offload::Ticket Offload::ask(Work work, Key key) {
  const EssentialAllocations essential;
  auto task = std::make_shared<Task>(std::move(work), key, false);
  State& state = *state_;
  {
    MutexLock lock(state.mutex);
    state.note_late();
    auto fault = state.refusal(key);
    if (!fault && state.waiting.size() >= state.limits.most_waiting)
      fault = Error{fmt::format("{}: too many requests wait already", state.limits.name), EAGAIN};
    if (fault) {
      state.refuse(*task, *std::move(fault));
      return task;
    }
    state.waiting.push_back(task);
    state.wake.notify_one();
  }
  see_to_thread(state_);
  return task;
}

void Offload::post(Work work) noexcept {
  const EssentialAllocations essential;
  {
    MutexLock lock(state_->mutex);
    state_->note_late();
    state_->waiting.push_back(std::make_shared<Task>(std::move(work), Key{}, true));
    state_->wake.notify_one();
  }
  see_to_thread(state_);
}

/// Starts a thread if one is needed: for waiting work, and to take over when running work is late.
/// Running work without a patience is never late: its thread does the waiting work afterwards.
void Offload::see_to_thread(const std::shared_ptr<State>& state) {
  const EssentialAllocations essential;  // or `spare` would count a thread that was not made
  {
    MutexLock lock(state->mutex);
    const bool patient = state->running && state->running->late_at == kNever;
    if (state->waiting.empty() || state->spare > 0 || patient) return;
    ++state->spare;  // so that nobody else starts one
  }
  auto thread =
      Thread::start(state->limits.name, state->limits.stack_bytes, [state] { run(state); });
  if (thread) return thread->abandon();
  std::deque<Ticket> refused;  // what they hold is not destroyed under the lock
  MutexLock lock(state->mutex);
  --state->spare;
  if (state->running || state->spare > 0) return;  // the other thread takes over
  std::deque<Ticket> stay;
  for (Ticket& task : state->waiting) (task->posted ? stay : refused).push_back(std::move(task));
  state->waiting = std::move(stay);
  for (const Ticket& task : refused) state->refuse(*task, thread.error());
}

void Offload::run(const std::shared_ptr<State>& shared) {
  State& state = *shared;
  MutexLock lock(state.mutex);
  while (state.await_turn(after(Clock::now(), kIdle))) {
    --state.spare;
    Ticket task = std::move(state.waiting.front());
    state.waiting.pop_front();
    const bool begun = state.begin(task);
    lock.unlock();
    if (begun) see_to_thread(shared);
    try {
      if (const Work work = std::exchange(task->work, nullptr); begun) work();
    } catch (const std::exception& fault) {
      log_error("{}: {}; only this piece of work is lost", state.limits.name, fault.what());
    } catch (...) {
      log_error("{}: unknown exception; only this piece of work is lost", state.limits.name);
    }
    lock.lock();
    if (begun) state.end(task);
    ++state.spare;
  }
  --state.spare;
}

std::optional<Result<void>> Offload::outcome(const Ticket& ticket) {
  MutexLock lock(state_->mutex);
  state_->note_late();
  lock.unlock();
  see_to_thread(state_);  // a late one's place may have had no thread
  lock.lock();
  using Stand = Task::Stand;
  if (ticket->stand == Stand::done) return Result<void>();
  if (ticket->stand == Stand::refused) return Result<void>(Failure(ticket->fault));
  if (ticket->stand != Stand::waiting) return std::nullopt;
  if (auto fault = state_->refusal(ticket->key)) return Result<void>(Failure(*std::move(fault)));
  return std::nullopt;
}

bool Offload::busy() {
  MutexLock lock(state_->mutex);
  return state_->busy_since(kNever);
}

std::string Offload::under_way(Milliseconds longer) {
  const TimePoint when = Clock::now() - longer;
  States& states = States::of_process();
  MutexLock all(states.mutex);
  for (State* const state : states.all) {
    MutexLock lock(state->mutex);
    if (!state->limits.killable && state->busy_since(when)) return state->limits.name;
  }
  return {};
}

Result<void> Offload::await(const Ticket& ticket, TimePoint until) {
  using Stand = Task::Stand;
  State& state = *state_;
  MutexLock lock(state.mutex);
  while (true) {
    state.note_late();
    if (ticket->stand == Stand::done) return {};
    if (ticket->stand == Stand::refused) return Failure(ticket->fault);
    if (ticket->stand == Stand::late || Clock::now() >= until)
      return Failure(Error{fmt::format("{}: the request hangs", state.limits.name), ETIMEDOUT});
    lock.unlock();
    see_to_thread(state_);  // a late one's place may have had no thread
    lock.lock();
    if (ticket->stand != Stand::waiting && ticket->stand != Stand::running) continue;
    // Work that begins meanwhile cannot be late before this time.
    const TimePoint late_at =
        state.running ? state.running->late_at : after(Clock::now(), state.limits.patience);
    state.wait(state.changed, std::min(until, late_at));
  }
}

}  // namespace zinit
