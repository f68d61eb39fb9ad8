// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Mutex, lock and condition variable with clang's thread-safety annotations, which libstdc++'s
// lack. A build with clang and -Wthread-safety (make lint) checks them.
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/sanitized.hpp"

#if defined(__clang__)
#define ZINIT_ANNOTATE(x) __attribute__((x))
#else
#define ZINIT_ANNOTATE(x)
#endif

#define CAPABILITY(x) ZINIT_ANNOTATE(capability(x))
#define SCOPED_CAPABILITY ZINIT_ANNOTATE(scoped_lockable)
#define GUARDED_BY(x) ZINIT_ANNOTATE(guarded_by(x))
#define REQUIRES(...) ZINIT_ANNOTATE(requires_capability(__VA_ARGS__))
#define EXCLUDES(...) ZINIT_ANNOTATE(locks_excluded(__VA_ARGS__))
#define ACQUIRE(...) ZINIT_ANNOTATE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) ZINIT_ANNOTATE(release_capability(__VA_ARGS__))
#define RETURN_CAPABILITY(x) ZINIT_ANNOTATE(lock_returned(x))
#define ASSERT_CAPABILITY(x) ZINIT_ANNOTATE(assert_capability(x))
#define NO_THREAD_SAFETY_ANALYSIS ZINIT_ANNOTATE(no_thread_safety_analysis)

namespace zinit {

class CAPABILITY("mutex") Mutex {
 public:
#if ZINIT_TSAN
  // std::mutex ends without a call, and TSan takes the next mutex at its address for the same one.
  ~Mutex() { ::pthread_mutex_destroy(mutex_.native_handle()); }
#endif
  Mutex& operator=(Mutex&&) = delete;
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope. The Mutex can be unlocked for a while, as around a slow system call.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() {
    if (held_) mutex_.unlock();
  }
  MutexLock& operator=(MutexLock&&) = delete;
  void unlock() RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

/// Waits on a Mutex that the caller holds. Deadlines are on the monotonic clock, so setting the
/// wall clock does not move them.
class CondVar {
 public:
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

  /// Unlocks `mutex` while it waits and holds it again on return. May wake up spuriously.
  void wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  /// Like wait(), but returns at `deadline` at the latest.
  void wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_until(lock, deadline);
    lock.release();
  }

 private:
  std::condition_variable condition_;
};

}  // namespace zinit
