// A mutex in which whoever waits comes next.
//
// std::mutex favours the thread that has just let it go: the data loop under a flood takes a log's
// lock again within microseconds, long before a waiting thread, which may hold the board's lock,
// has woken up. Here one has to pass a first lock on the way to the second: a waiter holds the
// first while it waits for the second, so the thread that comes back has to queue behind it.
//
// Threads: for any; the two locks are taken in one order and the first is never held on return.
#pragma once

#include "base/mutex.hpp"

namespace zinit {

class CAPABILITY("mutex") FairMutex {
 public:
  FairMutex() = default;
  FairMutex(const FairMutex&) = delete;
  FairMutex& operator=(const FairMutex&) = delete;

  void lock() ACQUIRE() NO_THREAD_SAFETY_ANALYSIS {
    MutexLock queue(queue_);
    mutex_.lock();
  }
  void unlock() RELEASE() NO_THREAD_SAFETY_ANALYSIS { mutex_.unlock(); }

 private:
  Mutex queue_;
  Mutex mutex_;
};

/// Holds a FairMutex for a scope.
class SCOPED_CAPABILITY FairLock {
 public:
  explicit FairLock(FairMutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~FairLock() RELEASE() { mutex_.unlock(); }
  FairLock(const FairLock&) = delete;
  FairLock& operator=(const FairLock&) = delete;

 private:
  FairMutex& mutex_;
};

}  // namespace zinit
