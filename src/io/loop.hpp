// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Event loops. An EventLoop is a libev loop to which other threads can pass work. A DataLoop is a
// thread with its own loop: one for sinks, probes and proxies, and one for log pipes (capture.hpp).
// So a flood of output never delays control, reaping or shutdown.
//
// Idle wake-ups: libev wakes about once a minute to look for jumps of the wall clock, unless a
// periodic watcher is active and the kernel has timerfd, which reports such jumps
// (TFD_TIMER_CANCEL_ON_SET). So each loop has a periodic watcher that is due in the year 2200. With
// it, libev 4.33 does not wake up for minutes.
//
// Errors: by default libev aborts the process if a system call or an allocation fails. zinit logs
// the failed call instead, and repeats the allocation until it succeeds (the loop's arrays are
// small). If the kernel refuses to watch a descriptor, libev queues an error event for the watcher,
// but only just before it sleeps: it would handle the event only after the next wake-up. So the
// loop then wakes itself.
//
// This room holds what waits for descriptors: loops and watchers (watcher.hpp, epoll_set.hpp,
// wall_timer.hpp); logs, from the pipe to the sinks (log_store.hpp shows the way); connections to
// others, and probes by them (resolver.hpp, dial.hpp, probe.hpp); sockets of notifications and of
// /dev/log (notify_socket.hpp, dev_log.hpp).
//
// Fairness: a pipe gets one read of 64 KiB, a side of a connection passes on 1 MiB, a listening
// socket is accepted from 16 times, then the next has its turn.
//
// Work from other threads comes by post(), which is refused if too much waits. Tasks run for a few
// milliseconds; then other events have their turn. Work that must not be lost, such as a look at
// lines for a sink, has a LoopCall: it is made once, and asking takes no memory. A watch that the
// kernel refused is asked for again every 100 ms.
//
// Threads: a loop belongs to the thread that runs it. Other threads may only call post(), stop()
// and LoopCall::ask(). Watchers (watcher.hpp) are started and stopped on the loop's
// thread, or while no thread runs it.
#pragma once

#include <ev.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "os/thread.hpp"

namespace zinit {

/// For catch_all(): logs the exception that is being handled.
void log_current_exception(std::string_view where) noexcept;

/// Calls `action`. Logs an exception under the name `where`, and swallows it. Every callback of a
/// loop and every thread's entry runs inside catch_all().
template <class Action>
void catch_all(std::string_view where, Action&& action) noexcept {
  try {
    action();
  } catch (...) {
    log_current_exception(where);
  }
}

class LoopCall;

class EventLoop {
 public:
  using Task = std::function<void()>;

  /// Fails if there is no free descriptor (temporary), or no epoll.
  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop& operator=(EventLoop&&) = delete;

  /// For libev's functions. Only the loop's thread.
  [[nodiscard]] struct ev_loop* ev() const noexcept { return loop_; }

  /// Serves watchers and tasks on the calling thread until stop(). May be called again afterwards.
  void run() noexcept;

  /// Runs `task` on the loop's thread, after the tasks posted before. Any thread, also with locks
  /// held. Does not block. Fails with EAGAIN if kMaxTasks wait already, and with ENOMEM; `task` is
  /// destroyed then. The loop's destructor destroys tasks that have not run.
  [[nodiscard]] Result<void> post(Task task) noexcept;

  /// Ends run() after the tasks posted before, even if kMaxTasks wait; without memory after those
  /// that are being run. Any thread. May be repeated.
  void stop() noexcept;

  /// Far more than 10,000 services need at once, so only a fault reaches it.
  static constexpr std::size_t kMaxTasks = 65536;

 private:
  friend class LoopCall;
  EventLoop() = default;
  [[nodiscard]] Result<void> set_up();
  [[nodiscard]] Result<void> post(Task task, std::size_t most) noexcept;
  void run_tasks() noexcept;
  void run_calls() noexcept;
  void ring_bell() noexcept;
  static void before_sleep(struct ev_loop* loop) noexcept;

  // Constant after creation.
  struct ev_loop* loop_ = nullptr;
  UniqueFd bell_;  // an eventfd that wakes the loop; ev_async would abort on errors
  ev_io bell_watcher_{};
  ev_periodic calm_{};  // prevents libev's idle wake-ups (see above)

  std::atomic<bool> stopping_{false};

  Mutex mutex_;
  std::vector<Task> tasks_ GUARDED_BY(mutex_);
  LoopCall* first_call_ GUARDED_BY(mutex_) = nullptr;  // list of requested calls
  LoopCall* last_call_ GUARDED_BY(mutex_) = nullptr;

  // Only the loop's thread: the tasks of this turn, and the number of those that have begun.
  std::vector<Task> taken_;
  std::size_t begun_ = 0;
};

/// An action that a loop can be asked to run. Unlike post(), ask() needs no memory and cannot fail.
/// An action that is requested again before it has run, runs only once.
class LoopCall {
 public:
  using Action = std::function<void()>;

  /// The loop outlives the call. Any thread.
  LoopCall(EventLoop& loop, Action action) : loop_(loop), action_(std::move(action)) {}
  /// Cancels a requested action. Only on the loop's thread, but not in the action itself, or while
  /// no thread runs the loop.
  ~LoopCall();
  LoopCall& operator=(LoopCall&&) = delete;

  /// Runs the action soon, before tasks posted later. Any thread, also with locks held. Does not
  /// block.
  void ask() noexcept;

 private:
  friend class EventLoop;
  EventLoop& loop_;
  const Action action_;
  // Guarded by the loop's lock.
  bool asked_ = false;
  LoopCall* next_ = nullptr;
};

/// An EventLoop with the thread that runs it.
class DataLoop {
 public:
  /// @param name  of the thread: Thread::start()
  [[nodiscard]] static Result<std::unique_ptr<DataLoop>> create(const char* name = "zinit-data");
  /// Ends the loop and waits for its thread, without a time limit.
  ~DataLoop();

  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }

  /// Starts the thread, with signals blocked as in every thread but the main one. May be called
  /// again after stop(): a thread that has not ended goes on.
  [[nodiscard]] Result<void> start();

  /// Ends the loop, and waits for its thread for at most `limit`. Not on that thread. May be
  /// repeated. @return  false if the thread has not ended because it hangs in a system call
  [[nodiscard]] bool stop(Milliseconds limit) noexcept;

 private:
  DataLoop(const char* name, std::unique_ptr<EventLoop> loop)
      : name_(name), loop_(std::move(loop)) {}
  void run() noexcept;
  void end() noexcept;
  [[nodiscard]] bool ends() noexcept;

  const char* const name_;
  std::unique_ptr<EventLoop> loop_;
  Mutex mutex_;
  bool running_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;  // stop() was called after the last start()
  Thread thread_;  // last member: joined before the members it uses are destroyed
};

}  // namespace zinit
