// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Threads with small stacks.
//
// - Every signal is blocked in them except the faults (SIGSEGV and the like), because a blocked
//   fault kills at once. Each thread has an alternate stack: without it a stack overflow could not
//   be handled at all.
// - An exception that reaches a thread's entry is logged, and ends only that thread.
//
// A thread's stack is one mapping with a guard page and the alternate stack, unmapped when the
// thread has been joined. glibc would keep the stacks of many ended threads with all that they had
// touched.
#pragma once

#include <pthread.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

/// For a job's thread: enough for a launch, its deepest work (measured). Sanitizers need more, and
/// get it from Thread::start().
inline constexpr std::size_t kSmallStackBytes = std::size_t{64} * 1024;

/// For a thread that runs an event loop and parses what others send.
inline constexpr std::size_t kLoopStackBytes = std::size_t{1024} * 1024;

/// An event that happens once, and for which threads wait. Any thread.
class Flag {
 public:
  void set() noexcept;
  /// @return  whether it was set within `limit`
  [[nodiscard]] bool await(Milliseconds limit) noexcept;
  [[nodiscard]] bool is_set() noexcept { return await({}); }

 private:
  Mutex mutex_;
  CondVar is_set_;
  bool set_ GUARDED_BY(mutex_) = false;
};

/// Names the calling thread, as ps(1), top(1) and gdb show it. The kernel cuts it to 15 bytes.
void set_thread_name(const std::string& name) noexcept;

/// A running thread. The destructor joins it at the latest.
class Thread {
 public:
  Thread() noexcept;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread();

  /// Starts a thread that runs `entry`.
  ///
  /// @param name         shown by ps and in the log; the kernel cuts it to 15 bytes
  /// @param stack_bytes  without its guard page
  /// @return  EAGAIN or ENOMEM if no more threads can be made: temporary. (pthread_create(3))
  [[nodiscard]] static Result<Thread> start(const std::string& name, std::size_t stack_bytes,
                                            std::function<void()> entry);

  [[nodiscard]] bool joinable() const noexcept;

  /// Waits for the thread's end, if there is a thread. Not on the thread itself.
  void join() noexcept;

  /// Waits for the thread's end, at most for `limit`. @return  false if it still runs
  [[nodiscard]] bool join(Milliseconds limit) noexcept;

  /// Nobody waits for the thread: it may outlive this object, and everything that it uses must
  /// outlive the thread. After its end, the next abandon() frees its memory (pthread_detach(3)).
  void abandon() noexcept;

 private:
  struct Running;  // the thread's id, and the memory that it runs on
  class Abandoned;
  explicit Thread(std::unique_ptr<Running> running) noexcept;
  std::unique_ptr<Running> running_;
};

}  // namespace zinit
