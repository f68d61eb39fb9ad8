// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// libev without its idle wake-ups and aborts, and the data loop's thread. See loop.hpp.
#include "io/loop.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <exception>
#include <mutex>
#include <utility>

#include "base/jitter.hpp"
#include "base/log.hpp"

namespace zinit {

namespace {

// 2200-01-01, for the periodic watcher.
constexpr ev_tstamp kFarFuture = 7258118400.0;

// The pause between two attempts to allocate memory for libev.
constexpr timespec kMemoryWait{0, 20'000'000};

// Tasks have this time; then the loop's other events have their turn. A flood of connections, each
// of which changes the graph, must not delay the reaper and clients.
constexpr Milliseconds kTurn{5};

void log_failed_call(const char* message) noexcept {
  log_error("event loop: {}: {}", message, errno_text(errno));
}

/// Waits for memory instead of failing, because libev would abort. Ending processes free memory.
void* allocate_or_wait(void* block, long size) noexcept {
  if (size == 0) {
    std::free(block);
    return nullptr;
  }
  void* moved = nullptr;
  while ((moved = std::realloc(block, static_cast<std::size_t>(size))) == nullptr)
    ::nanosleep(&kMemoryWait, nullptr);
  return moved;
}

void set_up_libev() {
  static std::once_flag once;
  std::call_once(once, [] {
    ev_set_syserr_cb(log_failed_call);
    ev_set_allocator(allocate_or_wait);
  });
}

/// Test builds: delays a turn of the data loop.
void take_late_turn(struct ev_loop* loop) noexcept {
  if (ev_pending_count(loop) > 0) jitter("turn of the data loop");
  ev_invoke_pending(loop);
}

}  // namespace

void log_current_exception(std::string_view where) noexcept {
  try {
    throw;
  } catch (const std::exception& fault) {
    log_error("{}: {}; only this event is lost", where, fault.what());
  } catch (...) {
    log_error("{}: unknown exception; only this event is lost", where);
  }
}

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  set_up_libev();
  std::unique_ptr<EventLoop> loop(new EventLoop);
  if (auto done = loop->set_up(); !done) return Failure(done.error());
  return loop;
}

Result<void> EventLoop::set_up() {
  bell_.reset(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!bell_) return sys_failure("make", "an eventfd");
  // EVFLAG_NOENV: PID 1's environment comes from the kernel command line.
  loop_ = ev_loop_new(static_cast<unsigned>(EVBACKEND_EPOLL) | EVFLAG_NOENV);
  if (loop_ == nullptr) return sys_failure("make", "an event loop");

  ev_set_userdata(loop_, this);
  ev_io_init(
      &bell_watcher_,
      [](struct ev_loop* loop, ev_io*, int) {
        static_cast<EventLoop*>(ev_userdata(loop))->run_tasks();
      },
      bell_.get(), EV_READ);
  ev_io_start(loop_, &bell_watcher_);
  ev_set_loop_release_cb(loop_, before_sleep, [](struct ev_loop*) noexcept {});
  ev_periodic_init(
      &calm_, [](struct ev_loop*, ev_periodic*, int) {}, kFarFuture, 0., nullptr);
  ev_periodic_start(loop_, &calm_);
  // Registers the eventfd with the kernel now, so that a failure can be reported.
  ev_run(loop_, EVRUN_NOWAIT);
  if (!ev_is_active(&bell_watcher_))
    return Failure(Error{"cannot watch an eventfd: no memory", ENOMEM});
  return {};
}

void EventLoop::before_sleep(struct ev_loop* loop) noexcept {
  if (ev_pending_count(loop) > 0) static_cast<EventLoop*>(ev_userdata(loop))->ring_bell();
}

EventLoop::~EventLoop() {
  if (loop_ == nullptr) return;
  ev_periodic_stop(loop_, &calm_);
  ev_io_stop(loop_, &bell_watcher_);
  ev_loop_destroy(loop_);
}

void EventLoop::run() noexcept {
  // Until now libev's clock shows the time of the loop's last turn.
  ev_now_update(loop_);
  // At least once, so that tasks posted before an earlier stop() still run.
  do ev_run(loop_, 0);
  while (!stopping_);
  stopping_ = false;
}

Result<void> EventLoop::post(Task task) noexcept { return post(std::move(task), kMaxTasks); }

Result<void> EventLoop::post(Task task, std::size_t most) noexcept {
  try {
    MutexLock lock(mutex_);
    if (tasks_.size() >= most)
      return Failure(
          Error{"cannot pass work to the event loop: too many tasks wait already", EAGAIN});
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return {};  // the first task already woke the loop
  } catch (...) {
    return Failure(Error{"no memory", ENOMEM});
  }
  ring_bell();
  return {};
}

void EventLoop::ring_bell() noexcept {
  // EAGAIN: the counter is at its maximum, so the loop wakes in any case.
  const std::uint64_t one = 1;
  while (::write(bell_.get(), &one, sizeof one) < 0 && errno == EINTR) {}
}

void EventLoop::run_tasks() noexcept {
  std::uint64_t rung = 0;
  while (::read(bell_.get(), &rung, sizeof rung) < 0 && errno == EINTR) {}
  if (taken_.empty()) {
    MutexLock lock(mutex_);
    taken_.swap(tasks_);
  }
  run_calls();
  const TimePoint until = after(Clock::now(), kTurn);
  // stop() ends the loop only after all of them.
  for (bool time = true; begun_ < taken_.size() && (time || stopping_); time = Clock::now() < until)
    catch_all("event loop", std::exchange(taken_[begun_++], nullptr));
  if (begun_ < taken_.size()) {
    ring_bell();
  } else {
    std::vector<Task>().swap(taken_);
    begun_ = 0;
    MutexLock lock(mutex_);
    if (!tasks_.empty()) ring_bell();
  }
  if (stopping_) ev_break(loop_, EVBREAK_ALL);
}

/// Runs the calls requested so far. Calls that these request run after the loop's other events.
void EventLoop::run_calls() noexcept {
  std::size_t asked = 0;
  {
    MutexLock lock(mutex_);
    for (const LoopCall* call = first_call_; call != nullptr; call = call->next_) ++asked;
  }
  for (; asked > 0; --asked) {
    LoopCall* call = nullptr;
    {
      MutexLock lock(mutex_);
      call = first_call_;
      if (call == nullptr) return;  // an action destroyed another call
      first_call_ = call->next_;
      if (first_call_ == nullptr) last_call_ = nullptr;
      call->asked_ = false;
    }
    catch_all("event loop", call->action_);
  }
}

LoopCall::~LoopCall() {
  MutexLock lock(loop_.mutex_);
  if (!asked_) return;
  LoopCall* before = nullptr;
  for (LoopCall* call = loop_.first_call_; call != this; call = call->next_) before = call;
  (before == nullptr ? loop_.first_call_ : before->next_) = next_;
  if (loop_.last_call_ == this) loop_.last_call_ = before;
}

void LoopCall::ask() noexcept {
  {
    MutexLock lock(loop_.mutex_);
    if (std::exchange(asked_, true)) return;
    next_ = nullptr;
    (loop_.last_call_ == nullptr ? loop_.first_call_ : loop_.last_call_->next_) = this;
    loop_.last_call_ = this;
  }
  loop_.ring_bell();
}

void EventLoop::stop() noexcept {
  // Posts a task, so that earlier tasks run first. Without memory for it, stops directly.
  if (post([this] { stopping_ = true; }, SIZE_MAX)) return;
  stopping_ = true;
  ring_bell();
}

Result<std::unique_ptr<DataLoop>> DataLoop::create(const char* name) {
  auto loop = EventLoop::create();
  if (!loop) return Failure(loop.error());
  if (kHasJitter) ev_set_invoke_pending_cb((*loop)->ev(), take_late_turn);
  return std::unique_ptr<DataLoop>(new DataLoop(name, std::move(*loop)));
}

DataLoop::~DataLoop() { end(); }

void DataLoop::end() noexcept {
  {
    MutexLock lock(mutex_);
    if (std::exchange(ending_, true)) return;  // a thread that hangs takes no more orders
  }
  loop_->stop();
}

Result<void> DataLoop::start() {
  {
    MutexLock lock(mutex_);
    ending_ = false;
    // A thread that hung in a system call, and may hang still. Two threads must not run the loop.
    if (std::exchange(running_, true)) return {};
  }
  Result<Thread> thread = Failure(Error{"no memory for a thread", ENOMEM});
  catch_all(name_, [&] { thread = Thread::start(name_, kLoopStackBytes, [this] { run(); }); });
  if (!thread) {
    MutexLock lock(mutex_);
    running_ = false;
    return Failure(thread.error());
  }
  thread_ = std::move(*thread);
  return {};
}

void DataLoop::run() noexcept {
  do loop_->run();
  while (!ends());
}

/// Whether the thread ends. The order to stop may be older than the last start(): then the loop
/// goes on.
bool DataLoop::ends() noexcept {
  MutexLock lock(mutex_);
  running_ = !ending_;
  return ending_;
}

bool DataLoop::stop(Milliseconds limit) noexcept {
  end();
  return thread_.join(limit);
}

}  // namespace zinit
