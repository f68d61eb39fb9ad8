// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A mutex that a waiting thread gets before the thread that has just released it.
//
// std::mutex favours the thread that released it. In a flood of output its reader locks a log
// again within microseconds, long before a waiting thread wakes up; and that thread may hold the
// supervisor's lock. Here lock() takes two mutexes in turn. A waiter holds the first while it waits
// for the second, so the thread that comes back queues behind it.
#pragma once

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace zinit {

class CAPABILITY("mutex") FairMutex {
 public:
  FairMutex& operator=(FairMutex&&) = delete;

  void lock() ACQUIRE() NO_THREAD_SAFETY_ANALYSIS {
    MutexLock queue(queue_);
    mutex_.lock();
  }
  void unlock() RELEASE() NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }
  /// CondVar::wait_until() with this mutex.
  void wait_until(CondVar& condition, TimePoint deadline) REQUIRES(this) NO_THREAD_SAFETY_ANALYSIS {
    condition.wait_until(mutex_, deadline);
  }

 private:
  Mutex queue_;
  Mutex mutex_;
};

/// Holds a FairMutex for a scope.
class SCOPED_CAPABILITY FairLock {
 public:
  explicit FairLock(FairMutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~FairLock() RELEASE() { mutex_.unlock(); }
  FairLock& operator=(FairLock&&) = delete;

 private:
  FairMutex& mutex_;
};

}  // namespace zinit
