// Event loops: EventLoop is one libev loop that other threads can hand work to and that truly
// sleeps; DataLoop is the second thread of zinit with a loop of its own, where log pipes and sinks
// live, so that a flood of them never delays control, reaping or shutdown.
//
// Rest. libev by itself wakes about once a minute to look for jumps of the wall clock. It stops
// doing so where a periodic watcher is active and the kernel has timerfd (TFD_TIMER_CANCEL_ON_SET
// tells of jumps): each loop holds one that is due in the year 2200. Seen with libev 4.33: no
// wake-up in minutes.
//
// Faults. libev aborts by itself on system calls that fail and on want of memory. Both are
// replaced: a failed call is logged, want of memory is waited out (the loop's own arrays are
// small). Where the kernel refuses to watch a descriptor, libev tells the watcher by an event, but
// as it does so just before it sleeps, it sleeps over that event: the loop wakes itself then.
//
// Threads: a loop belongs to the thread that runs it. From others only post(), stop() and
// on_thread() may be called, and a LoopCall be asked for. Watchers (watcher.hpp) are started and
// stopped on the loop's thread, or while no thread runs it.
#pragma once

#include <ev.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "os/thread.hpp"

namespace zinit {

/// The log line of catch_all(): only while an exception is handled.
void log_current_exception(std::string_view where) noexcept;

/// Calls `action`; what it throws is logged as a fault of `where` and goes no further. Every
/// callback of a loop and every thread's entry runs inside one.
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

  /// Fails for want of descriptors (temporary) or of epoll.
  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> create();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// For libev's functions. The loop's thread only.
  [[nodiscard]] struct ev_loop* ev() const noexcept { return loop_; }

  /// Serves watchers and tasks on the calling thread until stop(). After it the loop may be run
  /// again.
  void run() noexcept;

  /// Has `task` run on the loop's thread, after those posted before it. Any thread, locks held too;
  /// does not block. Refused with EAGAIN when kMaxTasks wait, with ENOMEM for want of memory: then
  /// `task` is destroyed unrun. Tasks that the loop never comes to run are destroyed with it.
  [[nodiscard]] Result<void> post(Task task) noexcept;

  /// Ends run() once the tasks posted before have run. Any thread; again without effect.
  void stop() noexcept;

  /// Whether the caller is the thread inside run().
  [[nodiscard]] bool on_thread() const noexcept;

  /// Far more than the work of 10,000 services at once; beyond it somebody posts without end.
  static constexpr std::size_t kMaxTasks = 65536;

 private:
  friend class LoopCall;
  EventLoop() = default;
  [[nodiscard]] Result<void> set_up();
  void run_tasks() noexcept;
  void run_calls() noexcept;
  void ring_bell() noexcept;
  static void before_sleep(struct ev_loop* loop) noexcept;

  // Constant after creation.
  struct ev_loop* loop_ = nullptr;
  UniqueFd bell_;        // eventfd that wakes the loop; unlike ev_async it fails as a value
  ev_io bell_watcher_{};
  ev_periodic calm_{};   // keeps libev's minute away, see above

  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> runner_{};

  Mutex mutex_;
  std::vector<Task> tasks_ GUARDED_BY(mutex_);
  LoopCall* first_call_ GUARDED_BY(mutex_) = nullptr;  // those asked for, in that order
  LoopCall* last_call_ GUARDED_BY(mutex_) = nullptr;
};

/// One thing that a loop is asked for now and then. Unlike a posted task it takes no memory to ask,
/// so it is never refused; asked for again before it has been done, it is done once.
class LoopCall {
 public:
  using Action = std::function<void()>;

  /// The loop outlives the call. Any thread.
  LoopCall(EventLoop& loop, Action action) : loop_(loop), action_(std::move(action)) {}
  /// What was asked for is dropped. On the loop's thread, but not from its own action, or while no
  /// thread runs the loop.
  ~LoopCall();
  LoopCall(const LoopCall&) = delete;
  LoopCall& operator=(const LoopCall&) = delete;

  /// Has the loop do it soon, before tasks that are posted from now on. Any thread, locks held too;
  /// does not block.
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
  [[nodiscard]] static Result<std::unique_ptr<DataLoop>> create();
  /// Stops and joins.
  ~DataLoop();

  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }

  /// Starts the thread, with signals blocked as in every thread but the main one. Once.
  [[nodiscard]] Result<void> start();

  /// Ends the loop and waits for its thread. Not from that thread. Again without effect.
  void stop_and_join() noexcept;

 private:
  explicit DataLoop(std::unique_ptr<EventLoop> loop) : loop_(std::move(loop)) {}
  std::unique_ptr<EventLoop> loop_;
  Thread thread_;
};

}  // namespace zinit
